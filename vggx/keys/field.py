"""A command's own key: a field of its dataclass, whose type says what values are right, with a line of help and a unit.

Types are bool, int, float, str, `Literal` of strings, `Quantity`, lists of these, `Several` of these, and unions.
"""

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

T = TypeVar("T")

REQUIRED = dataclasses.MISSING
ONE_TOO = "one value stands for a list of it"
PREFIXED = "a number may have the prefix k, M, G or T"
Several = Annotated[list[T], ONE_TOO]
Quantity = Annotated[float, PREFIXED]

Format = Literal["table", "json", "csv", "markdown"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
Split = Literal["train", "val", "test"]


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of a key.

    Attributes:
        name: as the user types it.
        field: of the dataclass; another word where the name is one of Python's own.
        type: as the dataclass has it, its annotations included.
        default: None where nothing is set, `REQUIRED` where a value must be given.
        help: one line; the choices of a `Literal`, the unit and the example are told behind it.
        unit: what a number counts, or what a text names: pixels, GiB, folder.
        example: a right value, where the default tells none.
        wanted: what is right, where type, unit and bounds do not say it.
        least: of a whole number.
        positive: a number above 0.
    """

    name: str
    field: str
    type: Any
    default: Any
    help: str
    unit: str
    example: str
    wanted: str
    least: int | None
    positive: bool


def key(
    default: Any,
    help: str,
    unit: str = "",
    *,
    name: str = "",
    example: str = "",
    wanted: str = "",
    least: int | None = None,
    positive: bool = False,
) -> Any:
    """Make a field of it; see `Key` for the arguments."""
    told = {"help": help, "unit": unit, "example": example, "wanted": wanted, "least": least, "positive": positive}
    metadata = {"name": name, **told}
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def keys_of(options: type) -> list[Key]:
    """The keys of a command's dataclass, its own before those that it inherits."""
    types = get_type_hints(options, include_extras=True)
    fields = sorted(dataclasses.fields(options), key=lambda field: field.name not in options.__annotations__)
    found = []
    for field in fields:
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        told = dict(field.metadata)
        name = told.pop("name") or field.name
        found.append(Key(name=name, field=field.name, type=types[field.name], default=default, **told))
    return found
