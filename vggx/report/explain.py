"""an input and where a net finds a class in it -> one picture: the input, each heat over it, scores along its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from vggx.report.lettering import fitted
from vggx.report.sheets import BAR, SMALL, TITLE, add_axes, write

NAME = FontProperties(size=8)
# inches: left of all panels, above and below them; beside a panel its bar, above it its name; and the line of scores
LEFT, TOP, BOTTOM, BESIDE, ABOVE, LINE = 0.7, 0.4, 0.45, 1.3, 0.42, 1.4
LOOK: dict[str, Any] = {"cmap": "turbo", "alpha": 0.5}  # of what lies over an input, which is a light grey below it


class Shown(Protocol):
    """What a modality makes of an input.

    Attributes:
        size: width and height of a panel, inches.
        across: panels stand side by side, else one below the other.
        caption: which part of the file this is.
    """

    size: tuple[float, float]
    across: bool
    caption: str

    def draw(self, axes: Axes, heat: npt.NDArray[Any] | None = None, look: dict[str, Any] | None = None) -> AxesImage:
        """Draw the input, or in light grey and over it a heat, (R, *S) of its positions and NaN where there is none.

        `look` holds the `cmap`, `alpha`, `vmin` and `vmax` of the heat.
        """

    def where(self, row: int, position: Sequence[float]) -> dict[str, float]:
        """A place of the net's input, in words and numbers: pixels, seconds, hertz."""

    def write(self, target: Path, heat: npt.NDArray[Any], look: dict[str, Any]) -> Path | None:
        """A film of the heat, whose path, without an ending, is the target; its path, or None of what does not move."""


@dataclass(frozen=True)
class Over:
    """What lies over an input.

    Attributes:
        name, unit: of it, and of what its colours count.
        values: (R, *S), NaN where there are none.
        limits: the values at the ends of the colours.
    """

    name: str
    unit: str
    values: npt.NDArray[Any]
    limits: tuple[float, float]

    @property
    def look(self) -> dict[str, Any]:
        return {**LOOK, "vmin": self.limits[0], "vmax": self.limits[1]}


@dataclass(frozen=True)
class Course:
    """Scores of a few classes (K, T') at so many seconds."""

    seconds: list[float]
    names: list[str]
    scores: npt.NDArray[Any]


def draw(shown: Shown, title: str, subtitle: str, overs: Sequence[Over], course: Course | None) -> Figure:
    """The input and what lies over it, and below them the course of the scores.

    Args:
        title, subtitle: the file, and what the net says of it.
    """
    width, height = shown.size
    count = 1 + len(overs)
    columns, rows = (count, 1) if shown.across else (1, count)
    below = ABOVE + LINE if course else 0.0
    figure = Figure(figsize=(LEFT + columns * (width + BESIDE), TOP + rows * (ABOVE + height) + below + BOTTOM))
    across, up = figure.get_size_inches()
    for line, font, text in ((0.25, TITLE, title), (0.45, SMALL, f"{subtitle}; {shown.caption}")):
        write(figure, fitted(text, across - LEFT - 0.1, font), font, LEFT, up - line)
    for number, over in enumerate([None, *overs]):
        column, row = (number, 0) if shown.across else (0, number)
        x, y = LEFT + column * (width + BESIDE), up - TOP - (row + 1) * (ABOVE + height)
        axes = add_axes(figure, x, y, width, height)
        image = shown.draw(axes) if over is None else shown.draw(axes, over.values, over.look)
        name = fitted("as the net sees it" if over is None else over.name, width + BESIDE - 0.1, NAME)
        axes.set_title(name, fontproperties=NAME, loc="left")
        if over is not None:
            bar = add_axes(figure, x + width + BAR, y, BAR, height)
            figure.colorbar(image, cax=bar, ticks=MaxNLocator(5)).set_label(over.unit, fontsize=6.5)
            bar.tick_params(labelsize=6.5)
        if not shown.across and (course or number < count - 1):
            axes.set_xlabel("")
    if course:
        line_of_scores(add_axes(figure, LEFT, BOTTOM, width, LINE), axes, course)
    return figure


def line_of_scores(axes: Axes, above: Axes, course: Course) -> None:
    axes.set_title("scores along time", fontproperties=NAME, loc="left")
    lines = axes.plot(course.seconds, course.scores.T, marker=".", markersize=4, linewidth=1)
    axes.set_xticks(above.get_xticks())
    axes.set_xlim(above.get_xlim())
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("time, s", fontsize=7, labelpad=2)
    axes.set_ylabel("softmax", fontsize=7, labelpad=2)
    axes.tick_params(labelsize=6.5, length=2, pad=2)
    axes.grid(alpha=0.3)
    # handed over, because labels that begin with _ would be left out
    names = [fitted(name, BESIDE - 0.3, SMALL) for name in course.names]
    legend = axes.legend(lines, names, loc="upper left", bbox_to_anchor=(1, 1.05), prop=SMALL, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)


def cells(values: npt.NDArray[Any]) -> str:
    """How many a map has: 7 x 10 cells, 1 cell; those of rows among them, where there are several."""
    sides = [side for axis, side in enumerate(values.shape) if axis or side > 1]
    return f"{' x '.join(map(str, sides))} {'cell' if np.prod(sides) == 1 else 'cells'}"
