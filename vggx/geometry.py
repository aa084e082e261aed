"""layers -> receptive field, stride and size of the map of each, in closed form, in every dims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vggx.dims import AXES, product
from vggx.spec.layer import INPUT, KINDS, Layer
from vggx.spec.net import NetSpec


@dataclass(frozen=True)
class MapGeometry:
    """What the places of a map see, at one input size: one value per spatial axis.

    Place i sees `receptive_field` input positions from `start + i * stride` on; those below 0, and behind the input,
    are padding.

    Attributes:
        name: of the layer that gives the map.
        size: of the map.
        sees_all: whether every place depends on the whole input, whatever the receptive field.
    """

    name: str
    start: tuple[int, ...]
    receptive_field: tuple[int, ...]
    stride: tuple[int, ...]
    size: tuple[int, ...]
    sees_all: bool = False


def trace(layers: Sequence[Layer], size: Sequence[int]) -> list[MapGeometry]:
    """The geometry of each layer's map, in their order, on an input of `size`.

    A layer of kernel k adds (k - 1) times the stride reached so far to the receptive field, and its padding as often
    to what lies before the input. Of several maps that a layer takes, its places see what lies between the outermost.
    """
    ones, zeros = (1,) * len(size), (0,) * len(size)
    known = {INPUT: MapGeometry(INPUT, zeros, ones, ones, tuple(size))}
    return [known.setdefault(layer.name, behind(layer, [known[name] for name in layer.inputs])) for layer in layers]


def behind(layer: Layer, given: Sequence[MapGeometry]) -> MapGeometry:
    """The geometry of a layer's map, from those of the maps that it takes."""
    seen = joined(given)
    kind = KINDS[layer.kind]
    size, sees_all = layer.size_after(seen.size), seen.sees_all or kind.sees_all
    if layer.kind not in ("conv", "pool", "pad"):
        return replace(seen, name=layer.name, size=size, sees_all=sees_all)
    axes = list(zip(layer.kernel, layer.stride, layer.dilation, layer.pads, seen.stride, strict=True))
    return MapGeometry(
        layer.name,
        tuple(first - pads[0] * step for first, (_, _, _, pads, step) in zip(seen.start, axes, strict=True)),
        tuple(
            field + dilation * (kernel - 1) * step
            for field, (kernel, _, dilation, _, step) in zip(seen.receptive_field, axes, strict=True)
        ),
        tuple(stride * step for _, stride, _, _, step in axes),
        size,
        sees_all,
    )


def joined(given: Sequence[MapGeometry]) -> MapGeometry:
    """One geometry of maps that meet place by place, whose strides are the first one's, or that have one place."""
    first = given[0]
    others = [other for other in given[1:] if other.size == first.size]
    starts = [min(values) for values in zip(first.start, *(other.start for other in others), strict=True)]
    ends = [
        max(start + field for start, field in axis)
        for axis in zip(*(zip(one.start, one.receptive_field, strict=True) for one in [first, *others]), strict=True)
    ]
    fields = tuple(end - start for start, end in zip(starts, ends, strict=True))
    return replace(first, start=tuple(starts), receptive_field=fields, sees_all=any(one.sees_all for one in given))


def by_name(layers: Sequence[Layer], size: Sequence[int]) -> Mapping[str, MapGeometry]:
    return {geometry.name: geometry for geometry in trace(layers, size)}


def fields(layers: Sequence[Layer], size: Sequence[int]) -> list[list[tuple[int, int]]]:
    """For each axis what each place of the last map sees: its first input position, and the one behind its last.

    They may lie outside of the input, where padding is. The one place of a map that is pooled up to a grid sees all.
    """
    known = by_name(layers, size)
    last = known[layers[-1].name]
    grids = [(known[layer.inputs[0]].size, layer.kernel) for layer in layers if layer.kind == "grid"]

    def along(axis: int) -> list[tuple[int, int]]:
        if last.sees_all or any(fed[axis] < grid[axis] for fed, grid in grids):
            return [(0, size[axis])] * last.size[axis]
        starts = (last.start[axis] + cell * last.stride[axis] for cell in range(last.size[axis]))
        return [(start, start + last.receptive_field[axis]) for start in starts]

    return [along(axis) for axis in range(len(size))]


def output_size(layers: Sequence[Layer], size: Sequence[int]) -> tuple[int, ...]:
    """*S -> *S of the last layer's map."""
    return trace(layers, size)[-1].size


def smallest_input(layers: Sequence[Layer]) -> tuple[int, ...]:
    """The least size on every axis from which each layer's map still has a place."""
    dims = layers[0].dims
    return tuple(least_along(layers, axis, dims) for axis in range(dims))


def least_along(layers: Sequence[Layer], axis: int, dims: int) -> int:
    needed: dict[str, int] = {}
    for layer in reversed(layers):
        want = needed.get(layer.name, 1)
        have = least_before(layer, axis, want) if layer.kind in ("conv", "pool", "pad") else want
        have = 1 if KINDS[layer.kind].sees_all or layer.kind in ("grid", "rows") else have
        for name in layer.inputs:
            needed[name] = max(needed.get(name, 1), have)
    return needed[INPUT]


def least_before(layer: Layer, axis: int, want: int) -> int:
    """The least size before a layer that leaves so many places behind it."""
    kernel, stride, dilation = layer.kernel[axis], layer.stride[axis], layer.dilation[axis]
    least = max(1, (want - 1) * stride + dilation * (kernel - 1) + 1 - sum(layer.pads[axis]))
    size = [max(1, least - stride)] * layer.dims  # rounding up asks for less
    while layer.size_after(size)[axis] < want:
        size[axis] += 1
    return size[axis]


def check_input(spec: NetSpec) -> None:
    """Refuse an input too short for a net.

    Raises:
        ValueError: naming the axis, its size, the layers that shorten it and the least size that works.
    """
    layers, size = spec.backbone, spec.input_shape[1:]
    for axis, (have, least) in enumerate(zip(size, smallest_input(layers), strict=True)):
        if have < least:
            name = AXES[len(size)][axis]
            steps = [layer for layer in layers if layer.stride[axis] > 1]
            factors = " x ".join(str(layer.stride[axis]) for layer in steps)
            total = product(layer.stride[axis] for layer in steps)
            empty = next((one.name for one in trace(layers, size) if one.size[axis] == 0), layers[-1].name)
            raise ValueError(
                f"an input of {have} along {name} is too short for plan {spec.plan}: its pools "
                f"({', '.join(layer.name for layer in steps)}) shorten {name} {factors} = {total} times and {empty} "
                f"would have nothing to pool. Give at least {least}, smaller pools, or a plan of fewer blocks"
            )
