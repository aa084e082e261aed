"""a net + a whole file, of any length -> its score map, and when each step of it is."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from torch import Tensor

from vggx.inference.cells import CellTime, cell_times
from vggx.inference.sliding import Window, scan
from vggx.net import VGG, PreparedNet
from vggx.options import Modality
from vggx.progress import waiting

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
        window, watched: as in `vggx.inference.sliding.scan`.
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


def mean_logits(scores: Tensor) -> Tensor:
    """A score map (K, T', ...) -> (K,)"""
    return scores.float().flatten(1).mean(1)


def along_time(vgg: VGG, scores: Tensor) -> Tensor:
    """A score map (K, T', ...) -> (T', K): the softmax of each step, averaged over space or bands before."""
    return outputs_along_time(vgg, scores).softmax(1)


def outputs_along_time(vgg: VGG, scores: Tensor) -> Tensor:
    """A score map (K, T', ...) -> (T', K): the outputs of each step, averaged over space or bands."""
    steps = scores.float().movedim(-vgg.dims, 1)
    return steps.reshape(*steps.shape[:2], -1).mean(2).T
