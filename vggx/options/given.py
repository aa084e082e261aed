"""An option that may be unset -> its value."""

from typing import TypeVar

T = TypeVar("T")


def given(value: T | None, name: str) -> T:
    """An option that must have a value by now.

    Raises:
        ValueError: it is unset; `vggx.settings.resolve` fills in what the packaged config says.
    """
    if value is None:
        raise ValueError(f"the option {name} is not set")
    return value
