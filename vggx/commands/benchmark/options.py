"""`vggx benchmark`: its keys, and what it is for."""

from dataclasses import dataclass
from typing import Literal

from vggx.keys import Command, Precision, Rows, Several, key


@dataclass(kw_only=True)
class Options(Rows):
    """The keys of the command."""

    run: str | None = key(None, "its net, and its classes where none are given", "run folder")
    classes: int | None = key(None, "1,000 where unset, or the run's", "classes", least=1)
    compare: Several[str] = key(
        [],
        "peers; beside a net of sound, nets of images take its spectrogram",
        "library:net",
        example="[torchvision:vgg16]",
    )
    modes: Several[Literal["train", "infer"]] = key(["train", "infer"], "what is timed")
    batch_sizes: Several[int] = key([1, 8], "for each a comparison of its own", "samples", least=1)
    precision: Several[Precision] = key(["32-true"], "of our nets, and of peers beside their default")
    channels_last: Several[bool] = key([True], "order of axes, of our nets")
    compile: Several[bool] = key([False], "by torch.compile, of our nets")
    cuda_graphs: Several[bool] = key([False], "a step recorded once and replayed, of our nets")
    device: str = key("auto", "auto, cpu, cuda, cuda:1 and so on", "device")
    repeats: int = key(5, "in which all take their turn", "rounds", least=1)
    seconds: float = key(1.0, "that each runs in a round", "seconds", positive=True)
    profile: bool = key(False, "where the time of our nets goes, by kernel and layer")
    plots: str | None = key(None, "for pictures", "folder")


COMMAND = Command(
    purpose="measured speed of nets on this device, beside peers and the device's limits",
    options=Options,
    groups={"modality": None, "recipe": "default"},
    examples=[
        "vggx benchmark modality=image compare=[torchvision:vgg16,timm:vgg16] batch_sizes=[1,8] plots=pictures",
        "vggx benchmark modality=video device=cuda precision=[32-true,bf16-mixed] channels_last=[true,false] "
        "compare=[torchvision:r3d_18,pytorchvideo:x3d_m] format=json output=speed.json",
        "vggx benchmark modality=audio compare=torchvision:vgg16    # a 2D VGG on the same spectrogram",
        "vggx benchmark run=RUN modes=infer batch_sizes=1 profile=true",
    ],
)
