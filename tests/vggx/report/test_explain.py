"""vggx.report.explain: panels beside or below each other, that leave each other room, with names as they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vggx.report.explain import Course, Over, cells, draw
from vggx.report.lettering import DPI


class Plain:
    """Something of 20 x 30 positions."""

    caption = "30 x 20"

    def __init__(self, across: bool, size: tuple[float, float]):
        self.across, self.size = across, size

    def draw(self, axes: Any, heat: np.ndarray | None = None, look: dict[str, Any] | None = None) -> Any:
        axes.set_xlabel("time")
        return axes.imshow(np.zeros((20, 30)) if heat is None else heat[0], aspect="auto", **look or {})

    def where(self, row: int, position: Sequence[float]) -> dict[str, float]:
        return {}

    def write(self, target: Path, heat: np.ndarray, look: dict[str, Any]) -> None: ...


def overs() -> list[Over]:
    values = np.linspace(-2000, 2000, 600, dtype=np.float32).reshape(1, 20, 30)
    words = "a name that is far longer than any panel in which it could stand, so that it is cut"
    return [Over(words, "share of max", values, (-2000.5, 2000.5)), Over("b", "logit", values, (-1, 1))]


COURSE = Course([1.0, 4.0, 9.0], ["a $b$ [c]", "_d"], np.array([[0.1, 0.9, 0.5], [0.9, 0.1, 0.5]]))


def boxes(figure: Figure) -> list[Any]:
    """What is taken, in pixels, by every line of text above all, by the axes' titles, and by the axes with the rest."""
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    titles = [axes._left_title for axes in figure.axes]
    found = [text.get_window_extent() for text in [*figure.texts, *titles] if text.get_text()]
    for title in titles:
        title.set_text("")
    return found + [axes.get_tightbbox(canvas.get_renderer()) for axes in figure.axes]


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("size", [(3.0, 3.0), (1.6, 3.0), (3.0, 0.7)])
def test_nothing_lies_over_anything_or_outside(across: bool, size: tuple[float, float]) -> None:
    course = None if across else COURSE
    figure = draw(Plain(across, size), "x" * 300, "y" * 300, overs(), course)
    found = boxes(figure)
    assert len(found) == 2 + 3 + 5 + 2 * (course is not None)
    for number, box in enumerate(found):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= figure.bbox.height
        for other in found[:number]:
            apart = box.x0 >= other.x1 or box.x1 <= other.x0 or box.y0 >= other.y1 or box.y1 <= other.y0
            assert apart, (number, box, other)


def test_colours_end_at_the_limits() -> None:
    figure = draw(Plain(True, (3.0, 3.0)), "x", "y", overs(), None)
    assert figure.axes[1].images[0].get_clim() == (-2000.5, 2000.5)
    assert [figure.axes[bar].get_ylabel() for bar in (2, 4)] == ["share of max", "logit"]


def test_scores_are_drawn_at_their_seconds_under_their_own_names() -> None:
    figure = draw(Plain(False, (7.0, 1.6)), "x", "y", [], COURSE)
    spectrogram, line = figure.axes
    assert line.get_xlim() == spectrogram.get_xlim()
    assert [drawn.get_xdata().tolist() for drawn in line.lines] == [[1, 4, 9]] * 2
    names = line.get_legend().get_texts()
    assert [name.get_text() for name in names] == ["a $b$ [c]", "_d"]
    assert not any(name.get_parse_math() for name in names)
    assert (spectrogram.get_xlabel(), line.get_xlabel()) == ("", "time, s")


def test_cells_are_told_by_side() -> None:
    assert cells(np.zeros((1, 7, 10))) == "7 x 10 cells"
    assert cells(np.zeros((8, 6))) == "8 x 6 cells"
    assert cells(np.zeros((1, 1, 1))) == "1 x 1 cell"
