"""runs and groups of them -> the screen, JSON, Markdown, or CSV with a row for each run."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from vggx.keys import Format
from vggx.report import rows, tables


def write(found: Mapping[str, Any], format: Format, output: str | None) -> None:
    if format == "table":
        show(found)
        return
    notes = "".join(f"\n- {note}" for note in found["notes"])
    heading = f"{rows.markdown(found['groups'])}\n{found['convention']}\n{notes}"
    rows.write(found["runs"], format, output, whole=found, heading=heading)
    say(found, sys.stderr)


def show(found: Mapping[str, Any]) -> None:
    tables.show(shortened(found["runs"]), "runs")
    tables.show(shortened(found["groups"]), "groups")
    print(found["convention"])
    say(found, sys.stdout)


def shortened(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Dotted keys by their last part, where no other ends so; they stand in narrow columns."""
    ends = [name.rpartition(".")[2] for name in lines[0]]
    short = {name: end if ends.count(end) == 1 else name for name, end in zip(lines[0], ends, strict=True)}
    return [{short[name]: value for name, value in line.items()} for line in lines]


def say(found: Mapping[str, Any], stream: Any) -> None:
    for note in found["notes"]:
        print(f"note: {note}", file=stream)
    for each in found["left_out"]:
        print(f"left out: {each['run']}: {each['reason']}", file=stream)
