"""What can be said of a net: its convolutions, pools, blocks and head, as frozen plain values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vggx.dims import odd_sizes, paddings, per_axis
from vggx.spec.layer import Pads, Size

# what makes each: dims -> a layer of so many channels; and a layer
NORMS = {"batch": "vggx.nd:BATCH_NORM"}
ACTIVATIONS = {"relu": "torch.nn:ReLU", "leaky_relu": "vggx.blocks.unit:leaky_relu"}
POOLS = ("max", "average")
PLAIN = "plain"  # the kind of block that is units and a pool


def choose(option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise ValueError(f"{option} must be one of {', '.join(known)}, not {value!r}")


def check_norm(norm: str) -> None:
    if norm not in ("none", *NORMS):
        raise ValueError(f"norm must be none or one of {', '.join(NORMS)}, not {norm!r}")


def check_share(option: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{option} must be a share from 0 to 1, got {share}")


def pairs(pads: int | Sequence[int | Sequence[int]], dims: int) -> Pads:
    """One padding for all axes, or for each axis one or a pair (before, behind), as pairs."""
    values = (pads,) * dims if isinstance(pads, int) else tuple(pads)
    made = tuple((pad, pad) if isinstance(pad, int) else (pad[0], pad[1]) for pad in values)
    if len(made) != dims or any(side < 0 for pair in made for side in pair):
        raise ValueError(f"pads must be 0 or more, for all axes or for each of {dims}, got {pads}")
    return made


def at_least_one(option: str, values: Size) -> Size:
    if any(value < 1 for value in values):
        raise ValueError(f"{option} must be 1 or more, got {values}")
    return values


@dataclass(frozen=True)
class ConvSpec:
    """A convolution, a norm and an activation; `ConvSpec.of` makes one of fewer words.

    Attributes:
        width: channels that it gives.
        kernel, stride, dilation: one value per spatial axis.
        pads: before and behind, on every axis.
        padding: zeros or replicate, on every axis.
        groups, bias: of the convolution.
        norm: none or batch.
        eps: of the norm.
        norm_last: whether the norm stands behind the activation and not before it.
        activation: relu, leaky_relu or none.
    """

    width: int
    kernel: Size
    stride: Size
    dilation: Size
    pads: Pads
    padding: tuple[str, ...]
    groups: int = 1
    bias: bool = True
    norm: str = "none"
    eps: float = 1e-5
    norm_last: bool = False
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_norm(self.norm)
        if self.activation != "none":
            choose("activation", self.activation, ACTIVATIONS)

    @classmethod
    def of(
        cls,
        dims: int,
        width: int,
        *,
        kernel: int | Sequence[int] = 3,
        stride: int | Sequence[int] = 1,
        dilation: int | Sequence[int] = 1,
        pads: int | Sequence[int | Sequence[int]] | None = None,
        padding: str | Sequence[str] = "zeros",
        **others: Any,
    ) -> "ConvSpec":
        """One value for all axes, or one per axis; without `pads` it keeps the size of the map.

        Raises:
            ValueError: an unknown norm, activation or padding; without `pads` an even kernel.
        """
        steps = at_least_one("dilation", per_axis(dilation, dims))
        if pads is None:
            sizes = odd_sizes(kernel, dims)
            pads = tuple(step * (size // 2) for size, step in zip(sizes, steps, strict=True))
        return cls(
            width,
            at_least_one("kernel", per_axis(kernel, dims)),
            at_least_one("stride", per_axis(stride, dims)),
            steps,
            pairs(pads, dims),
            paddings(padding, dims),
            **others,
        )


@dataclass(frozen=True)
class PoolSpec:
    """A pool; `PoolSpec.of` makes one of fewer words.

    Attributes:
        kernel, stride: of its window, on every axis.
        pads: before and behind, on every axis; a max pool sees nothing there, an average zeros.
        mode: max or average.
        ceil: whether a last window may reach beyond the padded map.
    """

    kernel: Size
    stride: Size
    pads: Pads
    mode: str = "max"
    ceil: bool = False

    def __post_init__(self) -> None:
        choose("pool", self.mode, POOLS)
        if any(2 * side > size for size, pair in zip(self.kernel, self.pads, strict=True) for side in pair):
            raise ValueError(f"a pool of {self.kernel} takes pads of half of it at the most, got {self.pads}")

    @classmethod
    def of(
        cls,
        dims: int,
        kernel: int | Sequence[int] = 2,
        *,
        stride: int | Sequence[int] | None = None,
        pads: int | Sequence[int | Sequence[int]] = 0,
        mode: str = "max",
        ceil: bool = False,
    ) -> "PoolSpec":
        """One value for all axes, or one per axis; without `stride` its windows lie side by side."""
        sizes = at_least_one("pools", per_axis(kernel, dims))
        steps = sizes if stride is None else at_least_one("stride", per_axis(stride, dims))
        return cls(sizes, steps, pairs(pads, dims), mode, ceil)


@dataclass(frozen=True)
class ExtraSpec:
    """A part between a block's units and its pool.

    Attributes:
        name: a key of `vggx.spec.parts.EXTRAS`.
        options: its own.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BlockSpec:
    """Units, extras, and a pool.

    Attributes:
        units: the convolutions in order.
        pool: None where the map keeps its size.
        lrn: local response normalisation behind the first unit (plan A-LRN).
        dropout: share of the block's output dropped in training.
        extras: in order.
        kind: a key of `vggx.spec.parts.BLOCKS`.
    """

    units: tuple[ConvSpec, ...]
    pool: PoolSpec | None = None
    lrn: bool = False
    dropout: float = 0.0
    extras: tuple[ExtraSpec, ...] = ()
    kind: str = PLAIN

    def __post_init__(self) -> None:
        check_share("dropout", self.dropout)

    @property
    def width(self) -> int:
        return self.units[-1].width

    @classmethod
    def of(
        cls,
        dims: int,
        width: int,
        *,
        kernels: Sequence[int | Sequence[int]] = (3, 3),
        pool: int | Sequence[int] = 2,
        lrn: bool = False,
        **words: Any,
    ) -> "BlockSpec":
        """A block of Table 1: one convolution for each kernel, all of one width, and a max pool.

        Args:
            words: of `ConvSpec.of`.

        Raises:
            ValueError: as `ConvSpec.of`, or a pool that does not fit the axes.
        """
        units = tuple(ConvSpec.of(dims, width, kernel=kernel, **words) for kernel in kernels)
        return cls(units, PoolSpec.of(dims, pool), lrn)


@dataclass(frozen=True)
class HeadSpec:
    """What makes the outputs of the maps.

    Attributes:
        name: a key of `vggx.spec.parts.HEADS`.
        outputs: how many.
        widths: of the layers before the last, where the head has such.
        grid: the size of the map that the first of them covers, on every axis.
        dropout: share dropped in training before each but the first.
        activation: behind each but the last.
        options: of a head of one's own.
    """

    name: str
    outputs: int
    widths: tuple[int, ...]
    grid: Size
    dropout: float = 0.5
    activation: str = "relu"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.outputs < 1:
            raise ValueError(f"a net needs one class or more, not {self.outputs}")
        choose("activation", self.activation, ACTIVATIONS)
        check_share("dropout", self.dropout)
        if any(side < 1 for side in self.grid):
            raise ValueError(f"grid must be 1 or more on every axis, got {self.grid}")
