"""rows -> the screen as a table, or JSON, CSV or Markdown on the screen or in a file."""

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from vggx import files
from vggx.keys import Format
from vggx.report import tables


def write(
    rows: Sequence[Mapping[str, Any]],
    format: Format,
    output: str | None,
    whole: Any = None,
    heading: str | None = None,
) -> None:
    """Show the rows, or write them to `output`, which a table on the screen has none of.

    JSON holds `whole` where it is given, else the rows; `heading` stands above Markdown's table.
    """
    if format == "table":
        tables.show(rows)
        return
    text = json.dumps(rows if whole is None else whole, indent=2, ensure_ascii=False) + "\n"
    if format == "markdown":
        text = (f"{heading}\n\n" if heading else "") + markdown(rows)
    elif format == "csv":
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = stream.getvalue()
    if output:
        files.write_text(output, text)
    else:
        sys.stdout.write(text)


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table under the keys of the first row; every value in full."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([tables.words(value) for value in row.values()] for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)
