"""One layer of a net as plain values, and what layers of a kind have in common: weights, sizes, what autograd keeps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vggx.dims import product

Size = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]  # before and behind, of every axis

INPUT = "input"  # what the net is given, as the name of a map
HEAD = "head"  # the part behind the blocks
INDEX, MASK = 8, 1  # bytes of the place that a max pool keeps, and of dropout's mask on a GPU


@dataclass(frozen=True)
class Layer:
    """One layer; what has a value for each spatial axis is a tuple.

    Attributes:
        name: conv3_3, pool5, fc6; what belongs to one of these is named after it: conv3_3.norm, fc6.act.
        kind: a key of `KINDS`.
        part: block1, block2, ... or head.
        inputs: the layers whose maps it takes; `INPUT` is the net's own input.
        in_channels, channels: of the maps that it takes and gives.
        kernel, stride, dilation, pads, ceil: of its window; `ceil` lets a last window reach beyond the padded map.
        groups, bias: of a convolution or linear layer.
        mode: which of its kind: relu or leaky_relu, max or average, zeros or replicate.
        rows: how many inputs of a sample go through it, where bands are folded into the batch.
        share: of values that dropout drops.
    """

    name: str
    kind: str
    part: str
    inputs: tuple[str, ...]
    in_channels: int
    channels: int
    kernel: Size
    stride: Size
    dilation: Size
    pads: Pads
    ceil: bool = False
    groups: int = 1
    bias: bool = True
    mode: str = ""
    rows: int = 1
    share: float = 0.0

    @property
    def owner(self) -> str:
        """The layer that it belongs to: conv3_3 of conv3_3.norm; itself."""
        return self.name.partition(".")[0]

    @property
    def dims(self) -> int:
        return len(self.kernel)

    def size_after(self, size: Sequence[int]) -> Size:
        """*S -> *S: what it makes of a map of this size; 0 on an axis that it does not fit."""
        return KINDS[self.kind].size(self, tuple(size))

    def parameters(self) -> dict[str, Size]:
        """The shapes of what it learns, by torch's names."""
        return KINDS[self.kind].parameters(self)

    def learns(self) -> bool:
        return bool(self.parameters())


def part_of(name: str, parts: Mapping[str, str]) -> str:
    """The part of a layer, or of what belongs to it: of conv3_3.norm and of what a part of one's own calls its own."""
    while name not in parts:
        assert name, "no layer of the net"
        name = name.rpartition(".")[0]
    return parts[name]


def pointwise(name: str, kind: str, part: str, inputs: Sequence[str], channels: int, dims: int) -> Layer:
    """A layer that gives each position what it makes of that position, and as many channels as it takes."""
    ones, none = (1,) * dims, ((0, 0),) * dims
    return Layer(name, kind, part, tuple(inputs), channels, channels, ones, ones, ones, none)


def window_size(layer: Layer, size: Size) -> Size:
    """As torch counts the windows of a convolution or pool."""

    def along(side: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]) -> int:
        room = side + sum(pads) - dilation * (kernel - 1) - 1
        if room < 0:
            return 0
        count = (room + (stride - 1 if layer.ceil else 0)) // stride + 1
        # a window that would begin behind the map is none
        return count - 1 if layer.ceil and (count - 1) * stride >= side + pads[0] else count

    words = zip(size, layer.kernel, layer.stride, layer.dilation, layer.pads, strict=True)
    return tuple(along(*axis) for axis in words)


def same_size(layer: Layer, size: Size) -> Size:
    return size


def padded_size(layer: Layer, size: Size) -> Size:
    return tuple(side + sum(pads) for side, pads in zip(size, layer.pads, strict=True))


def grid_size(layer: Layer, size: Size) -> Size:
    return tuple(max(have, want) for have, want in zip(size, layer.kernel, strict=True))


def one_place(layer: Layer, size: Size) -> Size:
    return (1,) * len(size)


def side_by_side(layer: Layer, size: Size) -> Size:
    return (*size[:-1], size[-1] * layer.kernel[-1])


def no_weights(layer: Layer) -> dict[str, Size]:
    return {}


def kernel_weights(layer: Layer) -> dict[str, Size]:
    weight = {"weight": (layer.channels, layer.in_channels // layer.groups, *layer.kernel)}
    return weight | ({"bias": (layer.channels,)} if layer.bias else {})


def matrix_weights(layer: Layer) -> dict[str, Size]:
    weight = {"weight": (layer.channels, layer.in_channels)}
    return weight | ({"bias": (layer.channels,)} if layer.bias else {})


def channel_weights(layer: Layer) -> dict[str, Size]:
    return {"weight": (layer.channels,), "bias": (layer.channels,)}


def kernel_macs(layer: Layer, size: Size) -> int:
    return product(layer.parameters()["weight"]) * product(size)


def no_macs(layer: Layer, size: Size) -> int:
    return 0


class Kept(NamedTuple):
    """What a layer keeps for the backward pass of one row of a sample.

    Attributes:
        inputs, output: whether the maps that it takes, and the one that it gives.
        values: besides, in the precision of the maps.
        fixed: besides, bytes that are the same in every precision.
    """

    inputs: bool = False
    output: bool = False
    values: int = 0
    fixed: int = 0


def keeps_nothing(layer: Layer, size: Size) -> Kept:
    return Kept()


def keeps_input(layer: Layer, size: Size) -> Kept:
    return Kept(inputs=True)


def of_activation(layer: Layer, size: Size) -> Kept:
    """ReLU can do with its output, which the next layer keeps anyway."""
    relu = layer.mode == "relu"
    return Kept(inputs=not relu, output=relu)


def of_pad(layer: Layer, size: Size) -> Kept:
    """Of copies of the border the map whose border it was."""
    return Kept(inputs=layer.mode == "replicate")


def of_pool(layer: Layer, size: Size) -> Kept:
    """A max pool besides the place of each greatest value."""
    places = INDEX * layer.channels * product(size) if layer.mode == "max" else 0
    return Kept(inputs=True, fixed=places)


def of_dropout(layer: Layer, size: Size) -> Kept:
    return Kept(fixed=MASK * layer.channels * product(size))


def of_lrn(layer: Layer, size: Size) -> Kept:
    """The squares padded by four channels, their mean's base and its power."""
    return Kept(inputs=True, values=product(size) * (3 * layer.channels + 4))


@dataclass(frozen=True)
class Kind:
    """What layers of a kind have in common.

    Attributes:
        size: (layer, size of its input) -> size of its map.
        parameters: layer -> the shapes of what it learns.
        macs: (layer, size of its map) -> MACs of one row of a sample.
        kept: (layer, size of its map) -> what autograd keeps.
        counted_as: the kind that it counts as in tables of cost, where that is another.
        listed: whether it has a row of its own in tables of cost, though it has no weights.
        view: whether its map is the one that it takes, told otherwise.
        sees_all: whether each of its values depends on the whole map.
    """

    size: Callable[[Layer, Size], Size] = same_size
    parameters: Callable[[Layer], dict[str, Size]] = no_weights
    macs: Callable[[Layer, Size], int] = no_macs
    kept: Callable[[Layer, Size], Kept] = keeps_nothing
    counted_as: str = ""
    listed: bool = False
    view: bool = False
    sees_all: bool = False


KINDS: dict[str, Kind] = {
    "conv": Kind(window_size, kernel_weights, kernel_macs, keeps_input, listed=True),
    # on the channels of one place, behind a mean
    "linear": Kind(one_place, matrix_weights, kernel_macs, keeps_input, counted_as="conv", listed=True),
    "pool": Kind(window_size, kept=of_pool, listed=True),
    "norm": Kind(parameters=channel_weights, kept=keeps_input),
    "lrn": Kind(kept=of_lrn, listed=True),
    "act": Kind(kept=of_activation),
    "dropout": Kind(kept=of_dropout),
    # a copy with more around it
    "pad": Kind(padded_size, kept=of_pad),
    # an axis shorter than the kernel is average-pooled up to it
    "grid": Kind(grid_size, kept=keeps_input),
    # rows of the batch that are one input, laid side by side along the last axis; the kernel says how many
    "rows": Kind(side_by_side, view=True),
    "mean": Kind(one_place, sees_all=True),
}
