"""samples of a batch -> one picture of them all: panels in rows, the class and file of each, a colour bar."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage

from vggx.report.lettering import fitted

# inches: between panels, of a line of text, of the names beside a panel, around all panels, of the colour bar
GAP, LINE, BESIDE, LEFT, TOP, BOTTOM, BAR, LONGEST_BAR = 0.1, 0.14, 1.9, 0.6, 0.6, 0.4, 0.14, 5.0
TITLE, SMALL, CLASS = FontProperties(size=10), FontProperties(size=6.5), FontProperties(size=8, weight="bold")


class Panels(Protocol):
    """What a modality makes of a batch: a panel for each sample, all of the same size and with the same axes.

    Attributes:
        columns: panels side by side, at most.
        beside: names stand to the left of a panel, and not above it.
        size: width and height of a panel, inches.
        caption: what a reader must know of all of them.
        colours: what the colour bar counts; empty where the colours are the sample's own.
    """

    columns: int
    beside: bool
    size: tuple[float, float]
    caption: str
    colours: str

    def draw(self, axes: Axes, index: int) -> AxesImage:
        """Draw a sample, with numbers and labels as if it stood alone; the sheet keeps the outer ones."""


def sheet(panels: Panels, names: Sequence[tuple[str, str]], title: str) -> Figure:
    """The panels of all samples, in order.

    Args:
        names: (class, file) of each sample; their middle is left out where they have no room.
        title: above them all.
    """
    count = len(names)
    columns = min(panels.columns, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    width, height = panels.size
    before, above = (BESIDE, 0) if panels.beside else (0, 2.3 * LINE)
    across, down = before + width + GAP, above + height + GAP
    figure = Figure(figsize=(LEFT + columns * across, TOP + rows * down + BOTTOM))
    top = figure.get_figheight() - TOP
    images = []
    for index, (label, file) in enumerate(names):
        row, column = divmod(index, columns)
        x, y = LEFT + column * across + before, top - row * down - above - height
        axes = add_axes(figure, x, y, width, height)
        images.append(panels.draw(axes, index))
        keep_outer(axes, top=row == 0, left=column == 0, bottom=index + columns >= count)
        if panels.beside:
            middle = y + height / 2
            write(figure, fitted(label, BESIDE, CLASS), CLASS, x - GAP, middle + 0.2 * LINE, "right")
            write(figure, fitted(file, BESIDE, SMALL), SMALL, x - GAP, middle - 0.8 * LINE, "right")
        else:
            write(figure, fitted(label, width, CLASS), CLASS, x, y + height + 1.2 * LINE)
            write(figure, fitted(file, width, SMALL), SMALL, x, y + height + 0.35 * LINE)
    under = 0.25 if panels.beside else 0.1  # numbers may stand above the first row
    write(figure, title, TITLE, LEFT, top + under + 0.17)
    write(figure, panels.caption, SMALL, LEFT, top + under)
    if panels.colours:
        limits = [image.get_clim() for image in images]  # of each one's own values
        for image in images:
            image.set_clim(np.min(limits), np.max(limits))
        length = min(LONGEST_BAR, rows * down - above - GAP)
        bar = add_axes(figure, LEFT + columns * across, top - above - length, BAR, length)
        figure.colorbar(images[0], cax=bar).set_label(panels.colours, fontsize=7)
        bar.tick_params(labelsize=6.5)
    return figure


def add_axes(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Axes at this place of the figure, inches from its lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((x / across, y / up, width / across, height / up))


def write(figure: Figure, text: str, font: FontProperties, x: float, y: float, align: str = "left") -> None:
    across, up = figure.get_size_inches()
    # a $ in a name is a $
    figure.text(x / across, y / up, text, fontproperties=font, ha=align, parse_math=False)


def keep_outer(axes: Axes, *, top: bool, left: bool, bottom: bool) -> None:
    """Take away the numbers and labels for which those of the row above or below, or of the first column, stand."""
    if not (top if axes.xaxis.get_ticks_position() == "top" else bottom):
        axes.tick_params(labeltop=False, labelbottom=False)
        axes.set_xlabel("")
    if not left:
        axes.tick_params(labelleft=False)
        axes.set_ylabel("")
