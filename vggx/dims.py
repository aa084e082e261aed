"""Checks of what is said by axis; nothing here needs torch.

`dims` is the number of spatial axes: (T,) in dims 1, (H, W) in dims 2, (T, H, W) in dims 3.
"""

from collections.abc import Iterable, Sequence

AXES = {1: ("time",), 2: ("height", "width"), 3: ("time", "height", "width")}
PADDING = ("zeros", "replicate")


def check_dims(dims: int) -> None:
    if dims not in AXES:
        raise ValueError(f"dims must be 1, 2 or 3, not {dims!r}")


def per_axis(value: int | Sequence[int], dims: int) -> tuple[int, ...]:
    """An int for all axes, or one value per axis, as a tuple of length `dims`."""
    values = (value,) * dims if isinstance(value, int) else tuple(value)
    if len(values) != dims:
        raise ValueError(f"{dims} spatial axes need {dims} values, one for each of {AXES[dims]}: got {values}")
    return values


def paddings(padding: str | Sequence[str], dims: int) -> tuple[str, ...]:
    """A word of `PADDING` for all axes, or one per axis, as a tuple of length `dims`."""
    modes = (padding,) * dims if isinstance(padding, str) else tuple(padding)
    if len(modes) != dims or any(mode not in PADDING for mode in modes):
        raise ValueError(f"padding must be one of {PADDING}, for all axes or one for each of {AXES[dims]}: {modes}")
    return modes


def odd_sizes(kernel: int | Sequence[int], dims: int) -> tuple[int, ...]:
    """A kernel's size on every axis.

    Raises:
        ValueError: an even one, which cannot keep the size of the map.
    """
    sizes = per_axis(kernel, dims)
    if any(size < 1 or size % 2 == 0 for size in sizes):
        raise ValueError(f"kernels must be odd to keep the size of the map, got {sizes}")
    return sizes


def product(values: Iterable[int]) -> int:
    result = 1
    for value in values:
        result *= value
    return result
