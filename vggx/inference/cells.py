"""a scanned strip -> when each cell of its score map is, in seconds of the file."""

from typing import NamedTuple, Protocol

from vggx import geometry
from vggx.inference.sliding import Strip
from vggx.net import VGG


class TimedStrip(Strip, Protocol):
    """A strip that knows its file's time."""

    @property
    def seconds(self) -> float:
        """Of the file."""

    def times(self, position: float) -> tuple[float, float, float]:
        """When what a position shows begins, is in its middle, and ends: seconds, which may lie outside of the file.

        Raises:
            BadFile: the file does not tell.
        """


class CellTime(NamedTuple):
    """What a cell sees of the file, from `start` to `end`, and the middle of that; seconds."""

    start: float
    end: float
    middle: float


def cell_times(vgg: VGG, strip: TimedStrip) -> list[CellTime]:
    """The time of each cell of a strip's score map; they are a stride of the net apart.

    Start and end lie within the file. The middle is that of the whole field, also where its end lies outside.

    Raises:
        BadFile: as `strip.times`.
    """

    def within(seconds: float) -> float:
        return min(max(seconds, 0.0), strip.seconds)

    size = (strip.length, *vgg.input_shape[2:])
    found = []
    for first, behind in geometry.fields(vgg.layers, size)[0]:
        start, _, _ = strip.times(first)
        _, middle, _ = strip.times((first + behind - 1) / 2)
        _, _, end = strip.times(behind - 1)
        found.append(CellTime(within(start), within(end), within(middle)))
    return found
