"""The layers of a unit: [pad], convolution, [norm], activation."""

from collections.abc import Iterator
from dataclasses import replace

from vggx.spec.layer import Layer, Pads, Size, pointwise
from vggx.spec.parts import Feed
from vggx.spec.words import ConvSpec, PoolSpec


def parted_pads(pads: Pads, padding: tuple[str, ...]) -> tuple[Pads, Pads, Pads]:
    """(of the convolution itself, zeros apart, copies of the border): torch pads both ends of an axis alike."""
    own, zeros, copies = ([(0, 0)] * len(pads) for _ in range(3))
    for axis, (pair, mode) in enumerate(zip(pads, padding, strict=True)):
        where = copies if mode == "replicate" else own if pair[0] == pair[1] else zeros
        where[axis] = pair
    return tuple(own), tuple(zeros), tuple(copies)


def padded(name: str, feed: Feed, pads: Pads, mode: str) -> Iterator[Layer]:
    """A copy with more around it, where there is any."""
    if any(map(any, pads)):
        yield replace(pointwise(name, "pad", feed.part, [feed.layer], feed.channels, feed.dims), pads=pads, mode=mode)


def layers(unit: ConvSpec, feed: Feed, name: str) -> list[Layer]:
    own, zeros, copies = parted_pads(unit.pads, unit.padding)
    found = list(padded(f"{name}.zeros", feed, zeros, "zeros"))
    found += padded(f"{name}.pad", replace(feed, layer=found[-1].name) if found else feed, copies, "replicate")
    before = found[-1].name if found else feed.layer
    found.append(
        Layer(
            name, "conv", feed.part, (before,), feed.channels, unit.width, unit.kernel, unit.stride, unit.dilation,
            own, groups=unit.groups, bias=unit.bias,
        )
    )  # fmt: skip
    for kind in ("act", "norm") if unit.norm_last else ("norm", "act"):
        mode = unit.norm if kind == "norm" else unit.activation
        if mode != "none":
            after = pointwise(f"{name}.{kind}", kind, feed.part, [found[-1].name], unit.width, feed.dims)
            found.append(replace(after, mode=mode))
    return found


def pool_layers(pool: PoolSpec, feed: Feed, name: str) -> list[Layer]:
    own, apart, _ = parted_pads(pool.pads, ("zeros",) * feed.dims)
    found = list(padded(f"{name}.pad", feed, apart, "lowest" if pool.mode == "max" else "zeros"))
    before = found[-1].name if found else feed.layer
    ones: Size = (1,) * feed.dims
    made = Layer(
        name, "pool", feed.part, (before,), feed.channels, feed.channels, pool.kernel, pool.stride, ones, own,
        ceil=pool.ceil, mode=pool.mode,
    )  # fmt: skip
    return [*found, made]
