"""The values of a command's keys -> its dataclass: each is held against its key's type, a wrong one refused by name.

A number is a text where one is asked for; a text is a number for a `Quantity` alone.
"""

import math
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from vggx.keys.field import ONE_TOO, PREFIXED, Key, keys_of
from vggx.keys.words import as_typed, wanted

T = TypeVar("T")
PREFIXES = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


class Unfit(Exception):
    """A value is not of a type."""


def checked(options: type[T], values: Mapping[str, Any]) -> T:
    """The options of these values, {key: plain value}.

    Raises:
        ValueError: naming the key, the value and what is right.
    """
    return options(**{key.field: value_of(key, values[key.name]) for key in keys_of(options)})


def value_of(key: Key, value: Any) -> Any:
    """
    Raises:
        ValueError: the value is not of the key's type.
    """
    try:
        return fitted(key.type, value, key)
    except Unfit:
        raise ValueError(f"{key.name} must be {wanted(key)}, not {as_typed(value, key.type)}") from None


def fitted(kind: Any, value: Any, key: Key) -> Any:
    """The value as the type has it.

    Raises:
        Unfit: it is of another.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return first_fitted(arguments, value, key)
    if origin is Annotated:
        inner, mark = arguments
        if mark == ONE_TOO and value is not None and not isinstance(value, list):
            value = [value]
        return fitted(inner, in_full(value) if mark == PREFIXED else value, key)
    if origin is list and isinstance(value, list):
        return [fitted(arguments[0], each, key) for each in value]
    if kind is str and isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    if (
        (kind is NoneType and value is None)
        or (origin is Literal and isinstance(value, str) and value in arguments)
        or (kind is bool and isinstance(value, bool))
        or (kind is int and type(value) is int and (key.least is None or value >= key.least))
        or (kind is float and type(value) in (int, float) and math.isfinite(value) and (value > 0 or not key.positive))
    ):
        return value
    raise Unfit


def first_fitted(kinds: tuple[Any, ...], value: Any, key: Key) -> Any:
    for kind in kinds:
        try:
            return fitted(kind, value, key)
        except Unfit:
            continue
    raise Unfit


def in_full(value: Any) -> Any:
    """200G -> 2e11; other values as they are."""
    read = re.fullmatch(r"(\d+\.?\d*(?:[eE][+-]?\d+)?) ?([kMGT])", value) if isinstance(value, str) else None
    return float(read[1]) * PREFIXES[read[2]] if read else value
