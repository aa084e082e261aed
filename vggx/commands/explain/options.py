"""`vggx explain`: its keys, and what it is for."""

from dataclasses import dataclass
from typing import Literal

from vggx.keys import REQUIRED, Command, Several, key


@dataclass(kw_only=True)
class Options:
    """The keys of the command."""

    run: str | None = key(None, "whose net is looked into", "run folder")
    weights: str | None = key(None, "in its place: a net that vggx inflate made", ".safetensors file")
    inputs: Several[str] = key(REQUIRED, "what the net looks at", "files and folders", example="[a.mp4,b.mp4]")
    output: str = key(REQUIRED, "for a picture of each file, films of video, explain.json and explain.csv", "folder")
    label: str | None = key(None, "of each file its likeliest one where unset", "class", name="class")
    how: Literal["scores", "gradcam", "both"] = key("both", "the class's score map, Grad-CAM, or both")
    layer: str | None = key(None, "of Grad-CAM; the last convolution where unset", "layer", example="conv4_3")
    size: int | None = key(
        None,
        "short side of pictures, which are not cropped; as in evaluation where unset",
        "pixels",
        least=1,
        example="384",
    )
    device: str = key("auto", "auto, cpu, cuda, cuda:1 and so on", "device")

    def __post_init__(self) -> None:
        if self.run and self.weights:
            raise ValueError("run=... and weights=... are two nets: give one of them")


COMMAND = Command(
    purpose="draw where in new files a net finds a class: its score map and Grad-CAM over each",
    options=Options,
    required=[("run", "weights"), ("inputs",), ("output",)],
    examples=[
        "vggx explain run=RUN inputs=photos output=FOLDER",
        "vggx explain run=RUN inputs=[a.mp4,b.mp4] class=fight how=gradcam output=FOLDER",
        "vggx explain weights=vgg16.safetensors inputs=cat.jpg layer=conv4_3 size=512 output=FOLDER",
    ],
)
