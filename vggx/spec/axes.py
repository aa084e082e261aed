"""A spec with a spatial axis more or less, in front of the others."""

from collections.abc import Sequence
from dataclasses import replace

from vggx.spec.net import NetSpec
from vggx.spec.words import ConvSpec, HeadSpec, PoolSpec


def without_first_axis(spec: NetSpec) -> NetSpec:
    """The net that sees one place of the first axis."""
    channels, _, *size = spec.input_shape
    blocks = tuple(
        replace(block, units=tuple(map(narrow_unit, block.units)), pool=block.pool and narrow_pool(block.pool))
        for block in spec.blocks
    )
    return replace(spec, input_shape=(channels, *size), blocks=blocks, head=replace(spec.head, grid=spec.head.grid[1:]))


def narrow_unit(unit: ConvSpec) -> ConvSpec:
    words = ("kernel", "stride", "dilation", "pads", "padding")
    return replace(unit, **{name: getattr(unit, name)[1:] for name in words})


def narrow_pool(pool: PoolSpec) -> PoolSpec:
    return replace(pool, kernel=pool.kernel[1:], stride=pool.stride[1:], pads=pool.pads[1:])


def with_first_axis(spec: NetSpec, size: int, *, kernel: int, pools: Sequence[int], padding: str, grid: int) -> NetSpec:
    """The net with an axis of `size` in front.

    Args:
        kernel: along it, of the kernels that are wider than 1 along the others.
        pools: along it, one for each block.
        padding: along it.
        grid: of the head along it.
    """
    channels, *others = spec.input_shape
    blocks = tuple(
        replace(
            block,
            units=tuple(widen_unit(unit, kernel if max(unit.kernel) > 1 else 1, padding) for unit in block.units),
            pool=block.pool and widen_pool(block.pool, pool),
        )
        for block, pool in zip(spec.blocks, pools, strict=True)
    )
    head: HeadSpec = replace(spec.head, grid=(grid, *spec.head.grid))
    return replace(spec, input_shape=(channels, size, *others), blocks=blocks, head=head)


def widen_unit(unit: ConvSpec, kernel: int, padding: str) -> ConvSpec:
    return replace(
        unit,
        kernel=(kernel, *unit.kernel),
        stride=(1, *unit.stride),
        dilation=(1, *unit.dilation),
        pads=((kernel // 2, kernel // 2), *unit.pads),
        padding=(padding, *unit.padding),
    )


def widen_pool(pool: PoolSpec, side: int) -> PoolSpec:
    return replace(pool, kernel=(side, *pool.kernel), stride=(side, *pool.stride), pads=((0, 0), *pool.pads))
