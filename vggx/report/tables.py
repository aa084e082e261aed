"""numbers -> a table on the screen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

MOST = 20  # lines of a list that may be as long as the data set


def words(value: Any) -> str:
    """A value as people read it: 14,714,688; 0.9731; 16 x 112 x 112; a dash where there is none."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return " x ".join(map(str, value))
    return str(value)


def quantity(value: Any) -> str:
    """A value in four figures and with the prefix of its size: 138.4 M, 15.47 G; what is no number as `words`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return words(value)
    for factor, prefix in ((1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= 0.9995 * factor:
            return f"{value / factor:#.4g}".rstrip(".") + prefix
    return f"{value:#.4g}" if isinstance(value, float) and abs(value) >= 1 else f"{value:.4g}"


def show(rows: Sequence[Mapping[str, Any]], title: str | None = None, words: Callable[[Any], str] = words) -> None:
    """Print rows under the keys of the first, each value as `words` has it; numbers stand to the right."""
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        numeric = all(row[name] is None or isinstance(row[name], int | float) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(words(value) for value in row.values()))
    plain: dict[str, Any] = {"markup": False, "emoji": False}  # a name such as [a] or :cat: is what it is
    console = Console(**plain)
    if not console.is_terminal:  # piped into a file, nothing need be cut to 80 columns
        console = Console(width=200, **plain)
    console.print(table)


def listed(lines: Sequence[str], what: str) -> None:
    if lines:
        rest = [f"  ... and {len(lines) - MOST:,} more, all in format=json"] if len(lines) > MOST else []
        print("\n".join([f"{len(lines):,} {what}:", *(f"  {line}" for line in lines[:MOST]), *rest]))
