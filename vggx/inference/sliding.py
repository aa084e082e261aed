"""a strip, of any length along the first axis -> its score map, window by window, as of the whole at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vggx import geometry
from vggx.dims import product
from vggx.net import VGG

# of a window: positions, and values of the net's widest map, a GiB of float32
MOST, VALUES = 1 << 16, 1 << 28


class Strip(Protocol):
    """What a net eats of a whole file: normalised, on the net's device."""

    @property
    def length(self) -> int:
        """Positions along the first axis: steps, frames."""

    def read(self, start: int, stop: int) -> Tensor:
        """(C, stop - start, *rest)"""


@dataclass(frozen=True)
class Mirrored:
    """A strip of pictures, each in its mirror."""

    strip: Strip

    @property
    def length(self) -> int:
        return self.strip.length

    def read(self, start: int, stop: int) -> Tensor:
        return self.strip.read(start, stop).flip(-1)


def mirrored_strip(strip: Strip) -> Strip:
    """The mirror image of a strip whose last axis is a picture's width."""
    return Mirrored(strip)


@dataclass(frozen=True)
class Window:
    """A stretch of the input, from `start` to before `stop`, and the cells of the whole's score map that it gives.

    They are `cells` from the window's own cell `first` on; the others see the window's ends, which are not the strip's.
    """

    start: int
    stop: int
    first: int
    cells: int


def windows(vgg: VGG, length: int, most: int) -> list[Window]:
    """The windows that cover a strip, of `most` positions each, or as many more as a single cell needs.

    They start at multiples of the net's stride, so that every pool parts the strip as it does the whole; and reach as
    far beyond their cells as these see, or to the strip's own ends.
    """
    size = (length, *vgg.input_shape[2:])
    last = geometry.trace(vgg.layers, size)[-1]
    stride, cells, before = last.stride[0], last.size[0], -last.start[0]
    ahead = -(-before // stride)  # strides from a window's start to its first cell that sees no further back
    beyond = last.receptive_field[0] - before + ahead * stride  # from the start to the end of what that cell sees
    each = max(1, (most - beyond) // stride + 1)
    if length <= most or cells <= each:
        return [Window(0, length, 0, cells)]
    found = []
    for cell in range(0, cells, each):
        count, skipped = min(each, cells - cell), min(ahead, cell)
        start = (cell - skipped) * stride
        stop = min(length, (cell + count - 1) * stride - before + last.receptive_field[0])
        found.append(Window(start, stop, skipped, count))
    return found


def usual_window(vgg: VGG, x: Tensor) -> int:
    """Positions of a window that bound its memory, of a strip of which (C, 1, *rest) is one."""
    maps = geometry.trace(vgg.layers, vgg.input_shape[1:])
    widest = max(layer.channels / product(each.stride) for layer, each in zip(vgg.layers, maps, strict=True))
    rows = len(x) // vgg.in_channels  # bands that are folded into the batch
    return max(1, min(MOST, int(VALUES / (widest * rows * product(x.shape[2:])))))


def scan(
    vgg: VGG,
    strip: Strip,
    window: int | None = None,
    watched: Callable[[Sequence[Window]], Iterable[Window]] = iter,
) -> Tensor:
    """-> (K, T', ...), the score map of the whole strip: equal, up to rounding, to that of all of it at once.

    Args:
        vgg: in evaluation mode.
        window: positions that go through the net at once, and no fewer than what one cell sees; where None as many as
            keep the net's widest map within a GiB.
        watched: goes through the windows, and may show how far it is.

    Raises:
        ValueError: a strip that is shorter than the net's least, a net whose places see all of their input, or as
            `strip.read`.
    """
    if geometry.trace(vgg.layers, vgg.input_shape[1:])[-1].sees_all:
        raise ValueError(f"plan {vgg.spec.plan}: every place of this net sees all of its input, which has to be one")
    most = usual_window(vgg, strip.read(0, 1)) if window is None else window
    parts = []
    with torch.inference_mode():
        for part in watched(windows(vgg, strip.length, most)):
            scores = vgg.score_map(strip.read(part.start, part.stop)[None])[0]
            # time is the first axis of the net's input, but behind the bands of those that are folded
            parts.append(scores.narrow(-vgg.dims, part.first, part.cells))
    return torch.cat(parts, -vgg.dims)
