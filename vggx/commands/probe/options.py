"""`vggx probe`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import NEEDED, Beginning, Command, Rows, key


@dataclass(kw_only=True)
class Options(Beginning, Rows):
    """The keys of the command."""

    run: str | None = key(
        None, "its data, recipe and net, as it began; weights=RUN takes the trained net", "run folder"
    )
    batches: int = key(4, "of the training split, augmented as in training", "batches", least=1)
    noise: bool | float = key(
        False, "no data, but noise with that, as the net eats it", "true or a standard deviation",
        wanted="true, false or a standard deviation", example="60", positive=True,
    )  # fmt: skip
    classes: int | None = key(None, "with noise; the run's or the weights' where unset, else 1,000", "classes", least=2)
    device: str = key("auto", "auto, cpu, cuda, cuda:1 and so on", "device")
    plots: str | None = key(None, "for a picture", "folder")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes is not None and self.noise is False:
            raise ValueError(f"classes={self.classes} goes with noise=true; data have the classes that they have")


COMMAND = Command(
    purpose="look at a net before it is trained: does it vanish, explode or learn, and at what rates",
    options=Options,
    groups={"modality": NEEDED, "task": "classify", "recipe": "default", "trainer": "default", "experiment": None},
    required=[("modality", "experiment", "run")],
    examples=[
        "vggx probe modality=video modality.data.root=clips plots=pictures",
        "vggx probe modality=image modality.data.root=photos weights=torchvision:vgg16 freeze=2",
        "vggx probe modality=image modality.net.plan=D modality.net.norm=none modality.net.init=normal noise=60",
        "vggx probe run=RUN format=json output=probe.json           # the net as that run began",
    ],
)
