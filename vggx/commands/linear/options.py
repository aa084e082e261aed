"""`vggx linear`: its keys, and what it is for."""

from dataclasses import dataclass
from typing import Literal

from vggx.keys import NEEDED, Command, Several, key


@dataclass(kw_only=True)
class Options:
    """The keys of the command."""

    run: str | None = key(None, "its net, and its data where no others are given", "run folder")
    weights: str | None = key(
        None,
        "without them and run it is a net as the seed draws it",
        "file, run folder, torchvision:WEIGHTS or timm:NAME",
    )
    allow_fresh: list[str] = key(
        [], "what may inherit nothing of the weights", "names", example="[block4,fc6,head,norm]"
    )
    split: Literal["val", "test"] | None = key(None, "which is judged; test where there is one")
    scales: Several[int] | None = key(
        None, "short sides of pictures; the usual one where unset", "pixels", least=1, example="[256,384,512]"
    )
    flip: bool | None = key(None, "mirror images count too; as in training where unset")
    combine: Literal["average", "stack"] = key("average", "what is done with the scales")
    C: Several[float] = key(
        [0.1, 1, 10, 100, 1000], "of the SVM: one, or several to choose from among the training files",
        positive=True, example="[0.1,1,10]",
    )  # fmt: skip
    train_per_class: int | None = key(
        None, "so many of the training files, drawn by the seed; all where unset", "files of each class", least=1
    )
    judged_per_class: int | None = key(None, "the same of the split that is judged", "files of each class", least=1)
    output: str | None = key(None, "the run's where unset", "folder")
    seed: int = key(0, "of the folds, of the files that are drawn, and of a net that is")


COMMAND = Command(
    purpose="how well a net's penultimate activations tell other data's classes apart, by a linear SVM",
    options=Options,
    groups={"modality": NEEDED, "task": "classify", "trainer": "default"},
    required=[("modality", "run")],
    examples=[
        "vggx linear weights=torchvision:vgg16 modality=image modality.data.root=photos output=photos_vgg16",
        "vggx linear run=RUN modality.data.root=OTHER_FOLDER scales=[256,384,512] combine=stack output=FOLDER",
        "vggx linear weights=vgg19.pth modality=image modality.data.root=Caltech101 train_per_class=30 "
        "judged_per_class=50 output=FOLDER",
    ],
)
