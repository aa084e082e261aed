"""A net as frozen plain values, and its layers: the one description that module, geometry, cost and weights read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vggx.dims import check_dims
from vggx.spec.layer import HEAD, INPUT, Layer, pointwise
from vggx.spec.parts import BLOCKS, HEADS, Feed, part
from vggx.spec.words import BlockSpec, HeadSpec


@dataclass(frozen=True)
class NetSpec:
    """A net.

    Attributes:
        input_shape: (C, *S) of the input that it is built for; the number of axes in S is its `dims`.
        blocks: in order.
        head: behind the last block.
        plan: what the blocks are called, for people.
        bands: where not None, so many bands of an input (bands, T) are folded into the batch, each as one channel, and
            their maps are laid side by side in front of the head.
    """

    input_shape: tuple[int, ...]
    blocks: tuple[BlockSpec, ...]
    head: HeadSpec
    plan: str
    bands: int | None = None

    def __post_init__(self) -> None:
        check_dims(self.dims)

    @property
    def dims(self) -> int:
        return len(self.input_shape) - 1

    @property
    def in_channels(self) -> int:
        return self.input_shape[0]

    @property
    def rows(self) -> int:
        """How many inputs of the backbone one sample becomes."""
        return self.bands or 1

    @property
    def padding(self) -> tuple[str, ...]:
        """Of the first convolution: zeros or replicate, on every axis."""
        return self.blocks[0].units[0].padding

    def at(self, input_shape: Sequence[int]) -> "NetSpec":
        """The same net, given another input."""
        return replace(self, input_shape=tuple(input_shape))

    @cached_property
    def _walked(self) -> list[tuple[Feed, tuple[Layer, ...]]]:
        """What each block is given, and its layers."""
        found: list[tuple[Feed, tuple[Layer, ...]]] = []
        feed = Feed(INPUT, self.in_channels, self.dims, block_name(1))
        for number, block in enumerate(self.blocks, 1):
            made: list[Layer] = part(BLOCKS, "block", block.kind).describe(block, feed, number)
            found.append((feed, tuple(replace(layer, rows=self.rows) for layer in made)))
            feed = Feed(made[-1].name, made[-1].channels, self.dims, block_name(number + 1))
        return found

    def feeds(self) -> list[Feed]:
        """What each block is given."""
        return [feed for feed, _ in self._walked]

    @property
    def backbone(self) -> tuple[Layer, ...]:
        """The layers of the blocks, in the order in which they run."""
        return tuple(layer for _, layers in self._walked for layer in layers)

    def maps(self) -> list[Feed]:
        """What the head is given: the map of each block, and of folded bands what is laid side by side."""
        last = [layers[-1] for _, layers in self._walked]
        return [Feed(layer.name, layer.channels, self.dims, HEAD) for layer in (self._laid or last)]

    @property
    def _laid(self) -> list[Layer]:
        if self.bands is None:
            return []
        ends = [layers[-1] for _, layers in self._walked]
        rows = [pointwise(f"{end.name}.rows", "rows", HEAD, [end.name], end.channels, self.dims) for end in ends]
        return [replace(layer, kernel=(*layer.kernel[:-1], self.rows)) for layer in rows]

    @cached_property
    def _layers(self) -> tuple[Layer, ...]:
        head: list[Layer] = part(HEADS, "head", self.head.name).describe(self.head, self.maps())
        return (*self.backbone, *self._laid, *head)

    def layers(self) -> tuple[Layer, ...]:
        """Every layer, in the order in which they run."""
        return self._layers

    def scanned(self) -> tuple[Layer, ...]:
        """The layers on the way to the score map, from whose places the outputs are averaged: those before the mean."""
        found: list[Layer] = []
        for layer in self.layers():
            if layer.kind == "mean" and layer.part == HEAD:
                break
            if layer.kind != "rows":
                found.append(layer)
        return tuple(found)

    def parts(self) -> Mapping[str, str]:
        """The part of every layer, and of a part by its own name: {block1: block1, conv1_1: block1, ..., fc6: head}."""
        return {name: name for name in self.blocks_and_head()} | {layer.name: layer.part for layer in self.layers()}

    def blocks_and_head(self) -> list[str]:
        """The names of the parts: block1, ..., head."""
        return [*map(block_name, range(1, len(self.blocks) + 1)), HEAD]

    @property
    def last(self) -> Layer:
        """The layer whose weights make the outputs."""
        return [layer for layer in self.layers() if layer.learns()][-1]

    @property
    def pre_logits(self) -> str:
        """The layer whose map, as it is averaged, the last one reads; "the last map" of a head that is one layer."""
        owner = {layer.name: layer.owner for layer in self.layers()}
        before = owner.get(self.last.inputs[0], "")
        return before if before and before != self.last.owner else "the last map"


def block_name(number: int) -> str:
    return f"block{number}"
