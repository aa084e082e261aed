"""`vggx cost growth`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import Command, Rows, key


@dataclass(kw_only=True)
class Options(Rows):
    """The keys of the command."""

    run: str | None = key(None, "its net, and its classes where none are given", "run folder")
    classes: int | None = key(None, "1,000 where unset, or the run's", "classes", least=1)
    plots: str | None = key(None, "for a picture", "folder")


COMMAND = Command(
    purpose="how MACs grow with frames, pixels, seconds, width and depth",
    options=Options,
    groups={"modality": None},
    examples=[
        "vggx cost growth",
        "vggx cost growth modality=video modality.net.plan=A plots=pictures",
    ],
)
