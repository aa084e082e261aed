"""`vggx data preview`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import NEEDED, Command, Split, key


@dataclass(kw_only=True)
class Options:
    """The keys of the command."""

    run: str | None = key(None, "with all that it was trained with", "run folder")
    split: Split = key("train", "that is drawn: augmented as in training, the others as they are evaluated")
    count: int = key(16, "that are drawn", "samples", least=1)
    output: str = key("preview.png", "the picture", ".png, .jpg, .pdf or .svg file")
    seed: int = key(0, "of order and augmentation, as of a run")


COMMAND = Command(
    purpose="draw samples as the net sees them, augmented, with their labels",
    options=Options,
    groups={"modality": NEEDED, "task": "classify", "recipe": "default", "experiment": None},
    required=[("modality", "experiment", "run")],
    examples=[
        "vggx data preview modality=image modality.data.root=photos",
        "vggx data preview modality=video modality.data.root=clips split=val count=4 output=val.png",
        "vggx data preview run=RUN                                  # with all that the run was trained with",
    ],
)
