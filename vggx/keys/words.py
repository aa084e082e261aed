"""A key's type in words: what is right of it, its choices, its values as a user types them."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from vggx.keys.field import Key

WORDS = {"None": "null", "True": "true", "False": "false"}


def wanted(key: Key) -> str:
    """What is right, in words: a whole number of pixels, 1 or more, such as 384"""
    words = key.wanted or in_words(key.type, key)
    return f"{words}, such as {key.example}" if key.example else words


def in_words(kind: Any, key: Key) -> str:
    kind, many = bare(kind)
    if kind is bool:
        return "true, false or a list of them" if many else "true or false"
    if get_origin(kind) is Literal:
        return f"{'of' if many else 'one of'} {', '.join(get_args(kind))}"
    if kind is str:
        return f"a list of {key.unit or 'words'}" if many else f"one {key.unit or 'word'}"
    number = "whole number" if kind is int else "positive number" if key.positive else "number"
    number = f"{number}s" if many else f"a {number}"
    bound = "" if key.least is None else f"{key.least} or more"
    of = f" of {key.unit}" if key.unit not in ("", key.name) else ""
    return f"{number}{of}{', ' if of and bound else ' of ' if bound else ''}{bound}"


def bare(kind: Any) -> tuple[Any, bool]:
    """A type without None, marks and list; and whether it was a list."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return bare(next(each for each in arguments if each is not NoneType))
    if origin is Annotated:
        return bare(arguments[0])
    return (bare(arguments[0])[0], True) if origin is list else (kind, False)


def is_text(kind: Any) -> bool:
    """Whether a key takes texts alone, in a list or not."""
    return bare(kind)[0] is str


def is_list(kind: Any) -> bool:
    return bare(kind)[1]


def choices(kind: Any) -> tuple[str, ...]:
    """The words that a key takes, or none where they are not counted."""
    kind, _ = bare(kind)
    return get_args(kind) if get_origin(kind) is Literal else ()


def as_typed(value: Any, kind: Any = None) -> str:
    """A value as a user types it; in quotes where a word was to be chosen."""
    if isinstance(value, list):
        return f"[{', '.join(map(as_typed, value))}]"
    if isinstance(value, str):
        return repr(value) if choices(kind) else value
    return WORDS.get(str(value), str(value))


def quoted(value: str) -> str:
    """A value that Hydra's grammar reads as exactly this text.

    Inside quotes only the quote, backslashes before it and the `${` of an interpolation need an escape.
    """
    text = value.replace("${", "\\${")
    out = []
    backslashes = 0
    for character in text:
        if character == "'":
            out.append("\\" * backslashes + "\\")
        out.append(character)
        backslashes = backslashes + 1 if character == "\\" else 0
    return "'" + "".join(out) + "\\" * backslashes + "'"
