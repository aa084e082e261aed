"""rows -> the screen as a table, or JSON or CSV on the screen or in a file."""

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from vggx import files
from vggx.report import tables

FORMATS = ("table", "json", "csv")


def check(format: str, output: str | None) -> None:
    """
    Raises:
        ValueError: an unknown format, or a table that is to go into a file.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    if output and format == "table":
        raise ValueError("output=FILE goes with format=json or format=csv")


def write(rows: Sequence[Mapping[str, Any]], format: str, output: str | None, whole: Any = None) -> None:
    """Show the rows, or write them to `output`; JSON holds `whole` where it is given, else the rows."""
    check(format, output)
    if format == "table":
        tables.show(rows)
        return
    text = json.dumps(rows if whole is None else whole, indent=2, ensure_ascii=False) + "\n"
    if format == "csv":
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = stream.getvalue()
    if output:
        files.write_text(output, text)
    else:
        sys.stdout.write(text)
