"""Names in pictures: what the fonts have stays, what they lack is named by its number, what has no room is cut."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from vggx.report import lettering
from vggx.report.lettering import fitted, legible

SMALL = FontProperties(size=6.5)


def inches(text: str) -> float:
    return RendererAgg(10, 10, 120).get_text_width_height_descent(text, SMALL, ismath=False)[0] / 120


def test_what_the_fonts_have_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "INSTALLED", ["DejaVu Sans"])
    lettering.is_known.cache_clear()
    for text in ("plain name.png", "Grüße, Ωμέγα, длинный", "$x$ [b] \\n", "a_b^c"):
        assert legible(text) == text
    assert legible("猫.png") == "\\u732b.png"
    assert legible("🎉") == "\\U0001f389"
    assert legible("two\nlines\t\udcff") == "two\\nlines\\t\\udcff"
    lettering.is_known.cache_clear()


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=40), st.floats(0.3, 3))
def test_a_text_keeps_to_its_room_and_matplotlib_has_nothing_to_say(text: str, room: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = fitted(text, room, SMALL)
        figure = Figure(dpi=120)
        figure.text(0, 0, shown, fontproperties=SMALL, parse_math=False)
        figure.draw_without_rendering()
    assert inches(shown) <= room
    assert figure.texts[0].get_window_extent().width <= room * 120 + 2


def test_only_the_middle_is_left_out() -> None:
    name = "a very long name of a recording which has its number behind, 0012.wav"
    shown = fitted(name, 1.5, SMALL)
    start, end = shown.split("…")
    assert name.startswith(start)
    assert name.endswith(end)
    assert 0 <= len(start) - len(end) <= 1
    longer = name[: len(start) + 2] + "…" + name[len(name) - len(end) - 2 :]
    assert inches(longer) > 1.5 >= inches(shown)
    assert fitted(name, 9, SMALL) == name
