"""`vggx summary`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import REQUIRED, Command, Rows, Several, key


@dataclass(kw_only=True)
class Options(Rows):
    """The keys of the command."""

    runs: Several[str] = key(REQUIRED, "several, or a folder: every run below it", "run folders", example="[RUN1,RUN2]")


COMMAND = Command(
    purpose="accuracy of several runs together, of folds or seeds: mean, deviation, interval",
    options=Options,
    required=[("runs",)],
    examples=[
        "vggx summary runs=[RUN1,RUN2,RUN3]",
        "vggx summary runs=runs/audio                               # every run below the folder",
        "vggx summary runs=runs format=json output=summary.json",
    ],
)
