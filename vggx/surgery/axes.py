"""(O, I, *K) <-> (O, I, k, *K): kernels of a net, and of one with a spatial axis more in front of the others.

Images become clips by a time axis in front of height and width; spectrograms read as images lose their frequency axis,
which stands in front of time. So both go by the same two functions.
"""

from collections.abc import Callable

from torch import Tensor


def center(kernel: Tensor, size: int) -> Tensor:
    """The kernel in the middle of the new axis, zeros beside it: each position sees itself alone."""
    lifted = kernel.new_zeros(*kernel.shape[:2], size, *kernel.shape[2:])
    lifted[:, :, size // 2] = kernel
    return lifted


def mean(kernel: Tensor, size: int) -> Tensor:
    """A `size`-th of the kernel at every place of the new axis (Carreira and Zisserman, "Quo Vadis", section 2.4.1)."""
    return (kernel / size).unsqueeze(2).repeat_interleave(size, 2)


RULES: dict[str, Callable[[Tensor, int], Tensor]] = {"center": center, "mean": mean}


def lift(kernel: Tensor, size: int, rule: str) -> Tensor:
    """(O, I, *K) -> (O, I, size, *K), by a key of `RULES`; on an input that is the same all along the new axis its
    answer is the old one's, where its window lies within.

    Raises:
        ValueError: an unknown rule, or an even size, which has no middle.
    """
    if rule not in RULES:
        raise ValueError(f"init must be one of {', '.join(RULES)}, not {rule!r}")
    if size == 1:
        return kernel.unsqueeze(2)
    if size < 1 or size % 2 == 0:
        raise ValueError(f"a kernel of {size} along the new axis has no middle: it must be odd")
    return RULES[rule](kernel, size)


def lower(kernel: Tensor) -> Tensor:
    """(O, I, k, *K) -> (O, I, *K): the sum along the axis in front, which is what a kernel does to an input that is
    the same all along it. `lower(lift(kernel))` is the kernel, to the last bit where the rule is center.
    """
    return kernel.sum(2)
