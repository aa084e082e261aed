"""names -> names as a picture can show them: in letters that the fonts here have, and no longer than their room."""

import math
from functools import cache

from matplotlib import font_manager, rcParams
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

DPI = 120  # of all pictures; letters are not quite as wide at another
# matplotlib's own, and those that are looked into for the letters which it lacks, where they are installed
FAMILIES = (
    "DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "PingFang SC",
    "Hiragino Sans", "Microsoft YaHei", "Malgun Gothic", "Nirmala UI", "Arial Unicode MS",
)  # fmt: skip
INSTALLED = [name for name in FAMILIES if name in font_manager.get_font_names()]
rcParams["font.family"] = INSTALLED


@cache
def is_known(letter: str) -> bool:
    files = [font_manager.findfont(name) for name in INSTALLED]
    return any(font_manager.get_font(file).get_char_index(ord(letter)) for file in files)


def legible(text: str) -> str:
    """A letter that no font here has, or that would break the line, is written as its number: \\u6587."""
    return "".join(c if c.isprintable() and is_known(c) else c.encode("unicode_escape").decode() for c in text)


def fitted(text: str, room: float, font: FontProperties) -> str:
    """The text, its middle left out where it is longer than `room`, inches."""
    renderer = RendererAgg(1, 1, DPI)

    def length(shown: str) -> float:
        return renderer.get_text_width_height_descent(shown, font, ismath=False)[0] / DPI

    text = legible(text)
    shown, kept = text, min(len(text), math.ceil(len(text) * room / max(room, length(text))))
    while length(shown) > room and kept > 1:
        shown = f"{text[: math.ceil(kept / 2)]}…{text[len(text) - kept // 2 :]}"
        kept -= 1
    return shown
