"""A layer -> what autograd keeps of it until the backward pass, in closed form, as torch's layers keep it on a GPU.

A convolution keeps its input, a ReLU its output, a batch norm and a leaky ReLU their input, a max pool the place of
each greatest value (eight bytes), dropout a mask (one byte). A map that two layers keep is one map. Parameters, and the
two values a channel that a batch norm keeps of the batch, are not counted: they do not grow with the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

INDEX, MASK = 8, 1  # bytes of a max pool's place and of dropout's mask


class Saved(NamedTuple):
    """`values` in the precision of the maps, and `fixed` bytes that are the same in every precision."""

    values: int = 0
    fixed: int = 0

    def bytes(self, value_bytes: int) -> int:
        return self.values * value_bytes + self.fixed


@dataclass(frozen=True)
class Rules:
    """What of a net's options decides on it."""

    norm: bool
    activation: str
    dropout: float
    padding: tuple[str, ...]

    def padded(self, size: Sequence[int], pad: Sequence[int]) -> tuple[int, ...]:
        """The size of the padded copy of a map; that of the map itself where its padding needs no copy."""
        copied = [p if mode == "replicate" else 0 for p, mode in zip(pad, self.padding, strict=True)]
        return tuple(side + 2 * p for side, p in zip(size, copied, strict=True))

    @property
    def keeps_input(self) -> bool:
        """Whether the activation keeps its input; ReLU does with its output, which the next layer keeps anyway."""
        return self.activation != "relu"


def of_unit(rules: Rules, read: int, padded: int, written: int, *, first: bool) -> Saved:
    """Of convolution, norm and activation; the net's own input is kept by the first convolution, if not as a copy."""
    values = written * (1 + rules.norm + rules.keeps_input)
    copied = padded if padded > read else 0
    return Saved(values + (copied or (read if first else 0)))


def of_lrn(positions: int, channels: int) -> Saved:
    """The squares padded by four channels, their mean's base and its power, and the answer."""
    return Saved(positions * (channels + 4 + 3 * channels))


def of_pool(written: int, *, read_again: bool) -> Saved:
    """The places; and its map, unless a mean is all that follows."""
    return Saved(written if read_again else 0, INDEX * written)


def of_classifier(rules: Rules, pooled_up: int, written: int, *, last: bool) -> Saved:
    """Of one of the paper's three layers, activation and dropout; `pooled_up`: the map that was brought to the grid."""
    if last:
        return Saved(pooled_up)
    drops = rules.dropout > 0
    return Saved(pooled_up + written * (1 + (drops or rules.keeps_input)), MASK * written if drops else 0)


def of_linear(rules: Rules, read: int) -> Saved:
    """Of dropout and the pooled head's linear layer."""
    return Saved(read, MASK * read if rules.dropout > 0 else 0)
