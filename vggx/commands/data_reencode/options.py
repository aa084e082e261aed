"""`vggx data reencode`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import NEEDED, REQUIRED, Command, key


@dataclass(kw_only=True)
class Options:
    """The keys of the command."""

    run: str | None = key(None, "the data that it was trained on", "run folder")
    target: str = key(REQUIRED, "for the new files, labels.csv and reencode.json", "folder")
    short_side: int = key(256, "of the new pictures, an even number; smaller ones keep their size", "pixels")
    keyframe_every: int = key(16, "from one keyframe to the next", "frames", least=1)
    crf: float = key(18, "of x264, 0 to 51: the lower the better and larger")
    workers: int | None = key(None, "one per core up to 8 where unset", "processes", least=0)
    overwrite: bool = key(False, "replace what another run left in the target")


COMMAND = Command(
    purpose="encode a data set's videos anew, small and quick to read, its splits kept",
    options=Options,
    groups={"modality": NEEDED, "task": "classify", "recipe": "default", "experiment": None},
    required=[("modality", "experiment", "run"), ("target",)],
    examples=[
        "vggx data reencode modality=video modality.data.root=clips target=clips_256",
        "vggx data reencode modality=video modality.data.root=UCF modality.data.fold=1 target=UCF_128 short_side=128",
        "vggx data reencode run=RUN target=small                    # with the data options of a run",
    ],
)
