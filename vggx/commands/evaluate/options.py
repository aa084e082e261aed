"""`vggx evaluate`: its keys, and what it is for."""

from dataclasses import dataclass
from typing import Literal

from vggx.keys import NEEDED, Command, Several, Split, key


@dataclass(kw_only=True)
class Options:
    """The keys of the command."""

    run: str | None = key(None, "the net, its data, and where the files go", "run folder")
    runs: list[str] | None = key(
        None, "several nets, their scores averaged; the first one's data and folder", "runs", example="[RUN1,RUN2]"
    )
    split: Split = key("test", "whose files are judged")
    protocol: Literal["single", "dense", "crops", "both"] = key(
        "single", "as training validates, whole and uncropped, in pieces, or the last two averaged"
    )
    scales: Several[int] | None = key(
        None, "short sides of pictures; the usual one where unset", "pixels", least=1, example="[256,384,512]"
    )
    flip: bool | None = key(None, "mirror images count too; as in training where unset")
    grid: int | None = key(
        None, "where crops lie; 5 where unset, of clips along the longer side", "places along each side", example="5"
    )
    curve: bool = key(False, "accuracy by fewer of the views, and what they cost, as a picture")
    time_probe: bool = key(False, "the same clips with their frames shuffled, reversed and still, too")
    seed: int = key(0, "of the order in which frames are shuffled and views are left out")
    logger: Literal["tensorboard", "wandb", "mlflow", "none"] = key("none", "idle: an evaluation logs nothing")

    def __post_init__(self) -> None:
        if self.run is not None and self.runs is not None:
            raise ValueError("run=... is one net and runs=[...] are several: give one of the two")
        if self.runs == []:
            raise ValueError("runs must be a list of runs, such as [RUN1,RUN2], not []")


COMMAND = Command(
    purpose="measure a trained net on a split of its data, or of other data",
    options=Options,
    groups={"modality": NEEDED, "task": "classify", "recipe": "default", "trainer": "default"},
    required=[("run", "runs")],
    examples=[
        "vggx evaluate run=runs/video/2026-01-31_12-00-00",
        "vggx evaluate run=RUN split=val",
        "vggx evaluate run=RUN modality.data.root=OTHER_FOLDER modality.data.clips=10",
        "vggx evaluate run=RUN time_probe=true                      # does it see motion, or only frames?",
    ],
)
