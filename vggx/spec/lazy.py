"""A thing of a module that is imported when it is first used, so that tables which name it need no torch."""

import importlib
from collections.abc import Callable
from typing import Any


def resolved(place: str | Callable[..., Any]) -> Any:
    """What "package.module:name" names; what is no string is it already."""
    if not isinstance(place, str):
        return place
    module, _, path = place.partition(":")
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found
