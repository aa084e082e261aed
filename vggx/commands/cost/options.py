"""`vggx cost`: its keys, and what it is for."""

from dataclasses import dataclass
from typing import Literal

from vggx.keys import Command, Precision, Rows, Several, key


@dataclass(kw_only=True)
class Options(Rows):
    """The keys of the command."""

    run: str | None = key(None, "its net, and its classes where none are given", "run folder")
    classes: int | None = key(None, "1,000 where unset, or the run's", "classes", least=1)
    by: Literal["net", "block", "layer"] = key("net", "what has a row")
    compare: Several[str] = key(
        [], "peers of torchvision, pytorchvideo or timm; whole nets only", "library:net", example="[torchvision:r3d_18]"
    )
    memory: bool = key(False, "predict the peak of training at modality.data.batch_size")
    precision: Precision = key("bf16-mixed", "of the bytes and the memory")
    fps: float = key(25.0, "of the film that clips and images are taken from", "frames a second", positive=True)
    plots: str | None = key(None, "for pictures", "folder")


COMMAND = Command(
    purpose="parameters, MACs, FLOPs, memory and limits of nets side by side, before they are built",
    options=Options,
    groups={"modality": None, "recipe": "default", "device": None},
    examples=[
        "vggx cost                                                  # every plan in every modality",
        "vggx cost modality=video modality.net.plan=D modality.data.frames=32 by=layer",
        "vggx cost compare=[torchvision:r3d_18,pytorchvideo:x3d_m,timm:vgg16] format=json output=costs.json",
        "vggx cost modality=image modality.net.plan=D device=h200 modality.data.batch_size=256 by=layer",
        "vggx cost modality=video modality.net.plan=D memory=true recipe=adamw",
        "vggx cost run=RUN plots=pictures",
    ],
)
