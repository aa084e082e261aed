"""`vggx cost budget`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import REQUIRED, Command, Precision, Quantity, Rows, key


@dataclass(kw_only=True)
class Options(Rows):
    """The keys of the command."""

    run: str | None = key(None, "its net, and its classes where none are given", "run folder")
    find: str = key(REQUIRED, "plan, width, batch_size, or what lengthens the input: size, frames, seconds", "option")
    macs: Quantity | None = key(None, "limit of one sample", "MACs", positive=True, example="200G")
    params: Quantity | None = key(None, "limit of the net", "parameters", positive=True, example="5M")
    memory: float | None = key(None, "limit of a training step", "GiB", positive=True, example="24")
    classes: int | None = key(None, "1,000 where unset, or the run's", "classes", least=1)
    precision: Precision = key("bf16-mixed", "of the memory")
    fps: float = key(25.0, "of the film that clips and images are taken from", "frames a second", positive=True)


COMMAND = Command(
    purpose="the largest plan, width, input or batch within limits of MACs, parameters or memory",
    options=Options,
    groups={"modality": None, "recipe": "default"},
    required=[("modality", "run"), ("find",)],
    examples=[
        "vggx cost budget modality=video find=frames macs=200e9",
        "vggx cost budget modality=image find=batch_size memory=24 precision=32-true",
        "vggx cost budget modality=audio find=width params=5e6 format=json",
    ],
)
