"""The keys of a command whose figures are rows: on the screen, or in a file."""

from dataclasses import dataclass

from vggx.keys.field import Format, key


@dataclass(kw_only=True)
class Rows:
    """Where the rows go.

    Raises:
        ValueError: a table that is to go into a file.
    """

    format: Format = key("table", "how rows are written")
    output: str | None = key(None, "for all formats but table", "file")

    def __post_init__(self) -> None:
        if self.output is not None and self.format == "table":
            raise ValueError("output=FILE goes with format=json, csv or markdown")
