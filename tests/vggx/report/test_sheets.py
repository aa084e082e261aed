"""Where the panels of a sheet stand, which of them have numbers, and what is written by each."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vggx.report.sheets import sheet


class Ramps:
    """Panel i is a ramp from i to i + 1, with numbers at the left and below, or above where names stand beside."""

    caption = "every panel is a ramp"

    def __init__(self, columns: int, size: tuple[float, float], colours: str = "height", *, beside: bool = False):
        self.columns, self.size, self.colours, self.beside = columns, size, colours, beside

    def draw(self, axes: Axes, index: int) -> Any:
        if self.beside:
            axes.xaxis.tick_top()
        image = axes.imshow(np.linspace(index, index + 1, 6).reshape(2, 3), aspect="auto")
        axes.set(xlabel="x", ylabel="y", xticks=[0, 1, 2], yticks=[0, 1])
        return image


def names(count: int) -> list[tuple[str, str]]:
    return [(f"class {number % 3}", f"{number:04d}.wav") for number in range(count)]


def place(figure: Figure, axes: Axes) -> tuple[float, float, float, float]:
    """Inches."""
    box = axes.get_position()
    width, height = figure.get_size_inches()
    return box.x0 * width, box.y0 * height, box.width * width, box.height * height


def numbered(axes: Axes, axis: str) -> bool:
    axes.figure.draw_without_rendering()
    ticks = (axes.xaxis if axis == "x" else axes.yaxis).get_major_ticks()
    return any(label.get_visible() and label.get_text() for t in ticks for label in (t.label1, t.label2))


@pytest.mark.parametrize(
    ("count", "rows", "columns"), [(1, 1, 1), (4, 2, 2), (5, 2, 3), (16, 4, 4), (64, 8, 8), (70, 9, 8)]
)
def test_panels_stand_in_rows_and_nothing_overlaps(count: int, rows: int, columns: int) -> None:
    figure = sheet(Ramps(8, (1.4, 1.2)), names(count), "ramps")
    places = [place(figure, axes) for axes in figure.axes]
    assert len(places) == count + 1  # and the colour bar
    assert len({round(x, 3) for x, *_ in places[:count]}) == columns
    assert len({round(y, 3) for _, y, *_ in places[:count]}) == rows
    assert all(each[2:] == pytest.approx((1.4, 1.2)) for each in places[:count])
    assert places[0][1] == max(y for _, y, *_ in places[:count])  # the first is at the top
    figure.draw_without_rendering()
    # of axes with their numbers and labels
    boxes = [text.get_window_extent() for text in figure.texts] + [axes.get_tightbbox() for axes in figure.axes]
    for number, box in enumerate(boxes):
        for other in boxes[:number]:
            assert (
                min(box.x1, other.x1) - max(box.x0, other.x0) < 2 or min(box.y1, other.y1) - max(box.y0, other.y0) < 2
            )


def test_class_and_file_stand_above_their_panel() -> None:
    figure = sheet(Ramps(8, (1.4, 1.2)), names(5), "5 ramps, $a$")
    width, height = figure.get_size_inches()
    written = {text.get_text(): text for text in figure.texts}
    assert {"5 ramps, $a$", "every panel is a ramp"} < written.keys()
    assert not any(text.get_parse_math() for text in figure.texts)
    for axes, (label, file) in zip(figure.axes, names(5), strict=False):
        x, y, _, tall = place(figure, axes)
        assert written[file].get_position() == pytest.approx((x / width, (y + tall + 0.35 * 0.14) / height))
        assert any(
            text.get_text() == label and text.get_position()[0] == pytest.approx(x / width) for text in figure.texts
        )


@pytest.mark.parametrize("columns", [1, 2])
def test_names_stand_beside_strips(columns: int) -> None:
    figure = sheet(Ramps(columns, (9, 0.8), "", beside=True), names(4), "strips")
    assert len(figure.axes) == 4  # and no colour bar
    written = {text.get_text(): text for text in figure.texts}
    for axes, (_, file) in zip(figure.axes, names(4), strict=True):
        x, y, *_ = place(figure, axes)
        across, up = written[file].get_position() * figure.get_size_inches()
        assert written[file].get_horizontalalignment() == "right"
        assert across == pytest.approx(x - 0.1)
        assert y < up < y + 0.8
    assert [numbered(axes, "x") for axes in figure.axes] == [True, columns == 2, False, False]


def test_only_outer_panels_have_numbers_and_labels() -> None:
    figure = sheet(Ramps(8, (1.4, 1.2)), names(5), "ramps")  # three and two
    panels = figure.axes[:5]
    assert [numbered(axes, "x") for axes in panels] == [False, False, True, True, True]
    assert [axes.get_xlabel() for axes in panels] == ["", "", "x", "x", "x"]
    assert [numbered(axes, "y") for axes in panels] == [True, False, False, True, False]
    assert [axes.get_ylabel() for axes in panels] == ["y", "", "", "y", ""]


def test_one_colour_means_one_value_in_all_panels() -> None:
    figure = sheet(Ramps(8, (1.4, 1.2)), names(5), "ramps")
    assert {axes.images[0].get_clim() for axes in figure.axes[:5]} == {(0, 5)}
    bar = figure.axes[5]
    assert bar.get_ylabel() == "height"
    assert bar.get_ylim() == (0, 5)
