"""a net at work -> MACs of all that went through it, by the ledger."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from vggx.cost.ledger import ledger_of, total
from vggx.net import VGG
from vggx.options import Modality


class Meter:
    """Counts the inputs that a net is given, by their shape (C, *S)."""

    def __init__(self) -> None:
        self.inputs: Counter[tuple[int, ...]] = Counter()

    def note(self, backbone: nn.Module, inputs: tuple[Any, ...]) -> None:
        x: Tensor = inputs[0]
        self.inputs[tuple(x.shape[1:])] += len(x)

    def macs(self, modality: Modality, classes: int, grid: Sequence[int]) -> int:
        """Of all, for the net of a modality's options, whose fc6 has this grid."""
        return sum(
            count // modality.net.rows() * total(ledger_of(modality, classes, input_shape=shape, grid=grid))["macs"]
            for shape, count in self.inputs.items()
        )


@contextmanager
def metered(net: VGG) -> Iterator[Meter]:
    """What goes through the net's backbone inside."""
    meter = Meter()
    handle = net.backbone.register_forward_pre_hook(meter.note)
    try:
        yield meter
    finally:
        handle.remove()
