"""plan -> kernel, receptive field, stride and size of every named layer, in closed form, in every dims."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vggx import nd
from vggx.plans import Plan


@dataclass(frozen=True)
class Layer:
    """One layer with a kernel, as data; `kernel`, `stride` and `pad` hold one value per spatial axis."""

    name: str
    kind: str  # "conv" or "pool"
    in_channels: int
    width: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]

    def size_after(self, size: Sequence[int]) -> tuple[int, ...]:
        """*S -> *S: what the layer makes of a map of this size; 0 on an axis it does not fit."""
        return tuple(
            max(0, (s + 2 * p - k) // j + 1)
            for s, k, j, p in zip(size, self.kernel, self.stride, self.pad, strict=True)
        )


@dataclass(frozen=True)
class Reach:
    """What a layer sees and gives at one input size: one value per spatial axis.

    Cell i of its map sees `receptive_field` input positions from `start + i * stride` on; those below 0, and behind the
    input, are padding.
    """

    name: str
    start: tuple[int, ...]
    receptive_field: tuple[int, ...]
    stride: tuple[int, ...]
    size: tuple[int, ...]


def block_pools(plan: Plan, dims: int, pools: Sequence[int | Sequence[int]] | None) -> list[tuple[int, ...]]:
    """The pool of each block, one value per axis; 2 on every axis where none are given.

    Raises:
        ValueError: not one pool per block, or a pool below 1.
    """
    given = [2] * len(plan.blocks) if pools is None else list(pools)
    if len(given) != len(plan.blocks):
        raise ValueError(f"plan {plan.name} has {len(plan.blocks)} blocks and needs as many pools, got {given}")
    sizes = [nd.per_axis(pool, dims) for pool in given]
    if any(side < 1 for size in sizes for side in size):
        raise ValueError(f"pools must be 1 or more, got {given}")
    return sizes


def backbone_layers(
    plan: Plan, dims: int, in_channels: int, pools: Sequence[int | Sequence[int]] | None = None
) -> list[Layer]:
    """The convolutions and pools of a plan in order, under the paper's names (conv3_3, pool5).

    Raises:
        ValueError: as `block_pools`, or a kernel that is even or does not fit the axes.
    """
    ones = (1,) * dims
    layers = []
    for number, (block, pool) in enumerate(zip(plan.blocks, block_pools(plan, dims, pools), strict=True), 1):
        for index, kernel in enumerate(block.kernels, 1):
            sides = nd.odd_sizes(kernel, dims)
            pad = tuple(side // 2 for side in sides)
            layers.append(Layer(f"conv{number}_{index}", "conv", in_channels, block.width, sides, ones, pad))
            in_channels = block.width
        layers.append(Layer(f"pool{number}", "pool", in_channels, in_channels, pool, pool, (0,) * dims))
    return layers


def classifier_layers(plan: Plan, in_channels: int, classes: int, grid: Sequence[int]) -> list[Layer]:
    """fc6, fc7 and fc8 as convolutions: fc6 has the kernel of its grid, the others 1."""
    ones, zeros = (1,) * len(grid), (0,) * len(grid)
    widths = (in_channels, plan.hidden, plan.hidden, classes)
    kernels = (tuple(grid), ones, ones)
    return [
        Layer(name, "conv", before, after, kernel, ones, zeros)
        for name, before, after, kernel in zip(("fc6", "fc7", "fc8"), widths, widths[1:], kernels, strict=False)
    ]


def trace(layers: Sequence[Layer], size: Sequence[int]) -> Iterator[Reach]:
    """Each layer's start, receptive field, stride (all in input positions) and output size on an input of `size`.

    A layer of kernel k adds (k - 1) times the stride reached so far to the receptive field, and its padding as often
    to what lies before the input. fc6 of a map shorter than its grid is fed the map pooled up to the grid, so its size
    is 1 there.
    """
    field = stride = (1,) * len(size)
    start = (0,) * len(size)
    size = tuple(size)
    for layer in layers:
        start = tuple(a - p * j for a, p, j in zip(start, layer.pad, stride, strict=True))
        field = tuple(f + (k - 1) * j for f, k, j in zip(field, layer.kernel, stride, strict=True))
        stride = tuple(j * s for j, s in zip(stride, layer.stride, strict=True))
        if layer.name == "fc6":
            size = tuple(max(s, k) for s, k in zip(size, layer.kernel, strict=True))
        size = layer.size_after(size)
        yield Reach(layer.name, start, field, stride, size)


def fields(layers: Sequence[Layer], size: Sequence[int]) -> list[list[tuple[int, int]]]:
    """For each axis what each cell of the last map sees: its first input position, and the one behind its last.

    They may lie outside of the input, where padding is. The one cell of a map that is pooled up to fc6's grid sees all.
    """
    *before, last = trace(layers, size)
    fed, grid = tuple(size), (1,) * len(size)
    for layer, reach in zip(layers[1:], before, strict=True):
        if layer.name == "fc6":
            fed, grid = reach.size, layer.kernel

    def along(axis: int) -> list[tuple[int, int]]:
        if fed[axis] < grid[axis]:
            return [(0, size[axis])]
        starts = (last.start[axis] + cell * last.stride[axis] for cell in range(last.size[axis]))
        return [(start, start + last.receptive_field[axis]) for start in starts]

    return [along(axis) for axis in range(len(size))]


def output_size(layers: Sequence[Layer], size: Sequence[int]) -> tuple[int, ...]:
    """*S -> *S of the last layer's map."""
    return list(trace(layers, size))[-1].size


def smallest_input(layers: Sequence[Layer]) -> tuple[int, ...]:
    """The least size on every axis from which each pool still has a position to give."""
    sides = zip(*(layer.stride for layer in layers), strict=True)
    return tuple(nd.product(strides) for strides in sides)


def check_input(plan: Plan, layers: Sequence[Layer], size: Sequence[int]) -> None:
    """Refuse an input too short for the pools of a plan.

    Raises:
        ValueError: naming the axis, its size, the pools that shorten it and the least size that works.
    """
    for axis, (have, least) in enumerate(zip(size, smallest_input(layers), strict=True)):
        if have < least:
            name = nd.AXES[len(size)][axis]
            pools = [layer for layer in layers if layer.stride[axis] > 1]
            factors = " x ".join(str(layer.stride[axis]) for layer in pools)
            empty = next(reach.name for reach in trace(layers, size) if reach.size[axis] == 0)
            raise ValueError(
                f"an input of {have} along {name} is too short for plan {plan.name}: its pools "
                f"({', '.join(layer.name for layer in pools)}) shorten {name} {factors} = {least} times and {empty} "
                f"would have nothing to pool. Give at least {least}, smaller pools, or a plan of fewer blocks"
            )
