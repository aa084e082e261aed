"""A spec to plain values and back, as net.json holds it; what is as the words' defaults have it is left out."""

import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar

from vggx.spec.net import NetSpec

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Dataclasses become dicts, tuples lists."""
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value) if not usual(each, value)}
    if isinstance(value, Mapping):
        return {key: to_plain(each) for key, each in value.items()}
    return [to_plain(each) for each in value] if isinstance(value, list | tuple) else value


def usual(each: Field[Any], owner: Any) -> bool:
    default = each.default_factory() if each.default_factory is not MISSING else each.default
    return default is not MISSING and bool(getattr(owner, each.name) == default)


def spec_of(values: Mapping[str, Any]) -> NetSpec:
    """The spec that plain values tell.

    Raises:
        ValueError: naming the word that is unknown or missing, or a value that is none for it.
    """
    made: NetSpec = of_plain(NetSpec, values, "spec")
    return made


def of_plain(kind: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (UnionType, typing.Union):
        (other,) = [each for each in arguments if each is not type(None)]
        return None if value is None else of_plain(other, value, place)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{place} must be a list, not {value!r}")
        kinds = [arguments[0]] * len(value) if arguments[-1] is ... else list(arguments)
        if len(kinds) != len(value):
            raise ValueError(f"{place} must have {len(kinds)} values, not {value!r}")
        pairs = zip(kinds, value, strict=True)
        return tuple(of_plain(each, one, f"{place}[{number}]") for number, (each, one) in enumerate(pairs))
    if is_dataclass(kind):
        return dataclass_of_plain(kind, value, place)
    if origin is not None:  # a mapping of options
        if not isinstance(value, Mapping):
            raise ValueError(f"{place} must be a mapping, not {value!r}")
        return dict(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{place} must be {kind.__name__}, not {value!r}")
    return value


def dataclass_of_plain(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place} must be a mapping, not {value!r}")
    kinds = typing.get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}
    if unknown := [name for name in value if name not in known]:
        raise ValueError(f"{place} has no word {unknown[0]!r}: its words are {', '.join(known)}")
    needed = [name for name, each in known.items() if each.default is MISSING and each.default_factory is MISSING]
    if missing := [name for name in needed if name not in value]:
        raise ValueError(f"{place} lacks {missing[0]!r}")
    return kind(**{name: of_plain(kinds[name], each, f"{place}.{name}") for name, each in value.items()})
