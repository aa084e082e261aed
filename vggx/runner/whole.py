"""a net + whole files, of any length -> their scores, and when each step of the score map is."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch import Tensor

from vggx.data.listing import BadFile, Sample
from vggx.evaluate.cells import CellTime, cell_times
from vggx.evaluate.scan import Window, scan
from vggx.net import VGG, PreparedNet
from vggx.options import Modality
from vggx.progress import progress, waiting
from vggx.report import frame_scores

Watch = Callable[[Sequence[Window]], Iterable[Window]]


@dataclass(frozen=True)
class Whole:
    """What a net says of a whole file.

    Attributes:
        scores: (K, T', ...), the score map.
        times: of each of its steps; none where nobody asked.
        seconds: of the file; 0 where nobody asked.
    """

    scores: Tensor
    times: list[CellTime]
    seconds: float


def whole_scores(
    net: PreparedNet,
    modality: Modality,
    path: str,
    *,
    window: int | None = None,
    size: int | None = None,
    timed: bool = True,
    watched: Watch = iter,
) -> Whole:
    """The score map of a whole file, read and scanned in memory that does not grow with the file.

    Args:
        window, watched: as in `vggx.evaluate.scan.scan`.
        size: short side of pictures; as in evaluation where None.
        timed: whether to tell when each step is.

    Raises:
        BadFile: it cannot be read, or does not tell its times.
    """
    with ExitStack() as stack:
        with waiting(path):  # of a sound all maps are made before the first of them is looked at
            opened = modality.module("whole").strip(net, modality.net, modality.data, path, size)
            strip = stack.enter_context(opened)
        times = cell_times(net.vgg, strip) if timed else []
        return Whole(scan(net.vgg, strip, window, watched), times, strip.seconds if timed else 0.0)


def along_time(vgg: VGG, scores: Tensor) -> Tensor:
    """A score map (K, T', ...) -> (T', K): the softmax of each step, averaged over space or bands before."""
    return outputs_along_time(vgg, scores).softmax(1)


def outputs_along_time(vgg: VGG, scores: Tensor) -> Tensor:
    """A score map (K, T', ...) -> (T', K): the outputs of each step, averaged over space or bands."""
    steps = scores.float().movedim(-vgg.dims, 1)
    return steps.reshape(*steps.shape[:2], -1).mean(2).T


def scan_files(
    net: PreparedNet, modality: Modality, samples: Sequence[Sample], classes: Sequence[str], targets: Sequence[Path]
) -> tuple[dict[int, Tensor], dict[str, str]]:
    """Files, one after the other, and their scores along time written to the targets, one of each file or none at all.

    Returns:
        Of each file that can be read, by its number, the softmax of the mean of the score map, (K,); and {path: reason}
        of the others.
    """
    found: dict[int, Tensor] = {}
    bad: dict[str, str] = {}
    for number, sample in enumerate(progress(samples, "predict")):
        watched = partial(progress, description=sample.path)
        try:
            whole = whole_scores(net, modality, sample.path, timed=bool(targets), watched=watched)
        except BadFile as error:
            bad[sample.path] = str(error)
            continue
        found[number] = whole.scores.float().flatten(1).mean(1).softmax(0).cpu()
        if targets:
            steps = along_time(net.vgg, whole.scores).cpu()
            frame_scores.write(targets[number], classes, steps, whole.times, whole.seconds)
    return found, bad


def check(modality: Modality, *, whole: bool, folder: Path | None) -> None:
    """
    Raises:
        ValueError: whole files of a modality whose files do not last, or scores along time of clips.
    """
    if folder is not None and not whole:
        raise ValueError(f"frame_scores={folder} goes with whole=true: a clip is no file's whole time")
    if whole and not modality.data.LASTS:
        raise ValueError(
            f"whole=true scans files along time, and a file of {modality.name} has none; vggx evaluate protocol=dense "
            "judges pictures whole and uncropped"
        )
