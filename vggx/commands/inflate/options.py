"""`vggx inflate`: its keys, and what it is for."""

from dataclasses import dataclass
from typing import Literal

from vggx.keys import NEEDED, REQUIRED, Command, key


@dataclass(kw_only=True)
class Options:
    """The keys of the command."""

    source: str = key(REQUIRED, "the weights", "file, run folder, torchvision:WEIGHTS or timm:NAME")
    target: str = key(REQUIRED, "the net; its report goes beside it", ".safetensors file")
    init: Literal["center", "mean"] = key("center", "of a kernel's new axis")
    convention: Literal["imagenet", "caffe"] | None = key(
        None, "RGB, or BGR 0..255: the source's input, where its names do not tell"
    )
    classes: int | list[str] | None = key(
        None,
        "the source's where unset",
        "names or their number",
        wanted="a number or a list of names",
        example="[cat,dog]",
    )
    allow_fresh: list[str] = key([], "what may inherit nothing", "names", example="[block4,fc6,head,norm]")
    overwrite: bool = key(False, "replace an existing target")
    seed: int = key(0, "of layers that inherit nothing, and of the proof's input")


COMMAND = Command(
    purpose="weights of images, published or own, into nets of clips or sound, and back, with proof",
    options=Options,
    groups={"modality": NEEDED},
    required=[("source",), ("target",), ("modality",)],
    examples=[
        "vggx inflate source=vgg16-397923af.pth target=vgg16_3d.safetensors modality=video",
        "vggx inflate source=torchvision:VGG16_BN_Weights.IMAGENET1K_V1 target=vgg16_bn_3d.safetensors modality=video",
        "vggx inflate source=timm:vgg19.tv_in1k target=vgg19_1d.safetensors modality=audio "
        "modality.net.frequency=pooled",
        "vggx inflate source=runs/image/2026-01-31_12-00-00 target=clips.safetensors modality=video classes=[walk,run]",
    ],
)
