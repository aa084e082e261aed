"""`vggx predict`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import REQUIRED, Command, Rows, Several, key


@dataclass(kw_only=True)
class Options(Rows):
    """The keys of the command."""

    run: str | None = key(None, "whose net names the classes", "run folder")
    weights: str | None = key(None, "in its place: a net that vggx inflate made", ".safetensors file")
    inputs: Several[str] = key(REQUIRED, "what is to be named", "files and folders", example="[a.wav,recordings]")
    top: int = key(5, "the likeliest of each file", "classes", least=1)
    whole: bool = key(False, "whole files of sound or video, uncropped, in the place of clips of them")
    frame_scores: str | None = key(
        None, "for scores along the time of whole files, as CSV and as labels for Audacity", "folder"
    )
    device: str = key("auto", "auto, cpu, cuda, cuda:1 and so on", "device")
    batch_size: int = key(8, "that the net takes at once", "views of files", least=1)
    num_workers: int = key(0, "that read files; 0: this one does", "processes", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.run and self.weights:
            raise ValueError("run=... and weights=... are two nets: give one of them")


COMMAND = Command(
    purpose="name the classes of new files",
    options=Options,
    required=[("run", "weights"), ("inputs",)],
    examples=[
        "vggx predict run=RUN inputs=clip.mp4",
        "vggx predict run=RUN inputs=[a.wav,recordings] top=3 format=json",
        "vggx predict run=RUN inputs=photos format=csv output=classes.csv",
        "vggx predict weights=vgg16_3d.safetensors inputs=clip.mp4",
        "vggx predict run=RUN inputs=day.flac whole=true frame_scores=FOLDER",
    ],
)
