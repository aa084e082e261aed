"""a net at work -> MACs of all that went through it, by the ledger."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from vggx.cost.ledger import costs_of, total
from vggx.net import VGG
from vggx.spec.net import NetSpec


class Meter:
    """Counts the inputs that a net's backbone is given, by their shape (C, *S)."""

    def __init__(self, spec: NetSpec) -> None:
        self.spec = spec
        self.inputs: Counter[tuple[int, ...]] = Counter()

    def note(self, backbone: nn.Module, inputs: tuple[Any, ...]) -> None:
        x: Tensor = inputs[0]
        self.inputs[tuple(x.shape[1:])] += len(x)

    def macs(self) -> int:
        """Of all."""
        return sum(
            count // self.spec.rows * total(costs_of(self.spec.at(shape)))["macs"]
            for shape, count in self.inputs.items()
        )


@contextmanager
def metered(net: VGG) -> Iterator[Meter]:
    """What goes through the net's backbone inside."""
    meter = Meter(net.spec)
    handle = net.backbone.register_forward_pre_hook(meter.note)
    try:
        yield meter
    finally:
        handle.remove()
