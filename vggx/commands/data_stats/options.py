"""`vggx data stats`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import NEEDED, Command, Rows, key


@dataclass(kw_only=True)
class Options(Rows):
    """The keys of the command."""

    run: str | None = key(None, "the data that it was trained on", "run folder")
    measure: bool = key(
        True, "also mean and standard deviation of the net's input, for which all training files are read"
    )


COMMAND = Command(
    purpose="count classes and splits, read the facts of every file, measure mean and standard deviation",
    options=Options,
    groups={"modality": NEEDED, "task": "classify", "recipe": "default", "experiment": None},
    required=[("modality", "experiment", "run")],
    examples=[
        "vggx data stats modality=audio modality.data.root=recordings",
        "vggx data stats modality=video modality.data.root=clips measure=false format=json output=clips.json",
        "vggx data stats modality=image modality.data.root=photos format=csv output=files.csv  # a row for each file",
    ],
)
