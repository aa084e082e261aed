"""spec of a net -> what every layer of it costs, in closed form: no weights, no tensors.

The convention, everywhere in vggx: a MAC is one multiplication with its addition, FLOPs = 2 MACs. Counted are
convolutions and linear layers for one sample; biases, norms, activations and pools are not, as in
`torch.utils.flop_counter`, which the tests hold these figures against, forward and backward.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import groupby
from typing import Unpack

from vggx import geometry
from vggx.cost.saved import Saved, Sizes, kept_maps, learned_before, together
from vggx.dims import product
from vggx.options import Modality
from vggx.planned import PlanOptions, plan_spec
from vggx.spec.layer import HEAD, INPUT, KINDS, Layer
from vggx.spec.net import NetSpec

CLASSIFIER = "classifier"  # what the head is called in tables of cost


@dataclass(frozen=True)
class Cost:
    """One layer's cost for one sample, with those of what belongs to it: its norm, its activation.

    Attributes:
        name: the paper's (conv3_3, pool5, fc6), lrn1, or fc of the pooled head.
        part: block1, block2, ... or classifier.
        kind: conv (fully connected layers too), lrn or pool.
        read, written: values of the map it takes and of the one it gives.
        saved: what is kept of it for the backward pass.
        output: the size of its map on every spatial axis.
        normed: a batch norm follows.
        params: weights, biases and the norm's two values a channel.
        macs: of the forward pass.
        train_macs: of the forward and the backward pass: a gradient costs what the forward pass does, and there is one
            of the weights and one of the input, but of the net's own input none is wanted.
    """

    name: str
    part: str
    kind: str
    _: KW_ONLY
    read: int
    written: int
    saved: Saved
    output: tuple[int, ...]
    normed: bool = False
    params: int = 0
    macs: int = 0
    train_macs: int = 0

    @property
    def activations(self) -> int:
        """Values that convolutions and linear layers give, as fvcore and timm count activations."""
        return self.written if self.kind == "conv" else 0


def ledger(input_shape: Sequence[int], outputs: int, **options: Unpack[PlanOptions]) -> list[Cost]:
    """A row per layer of the net that `VGG` makes of the same arguments, in their order.

    Raises:
        ValueError: as `VGG`.
    """
    return costs_of(plan_spec(input_shape, outputs, **options))


def costs_of(spec: NetSpec) -> list[Cost]:
    """A row per layer that has weights or is a pool or a norm by itself, in their order.

    Raises:
        ValueError: an input too short for the net.
    """
    geometry.check_input(spec)
    layers = spec.layers()
    sizes = {INPUT: spec.input_shape[1:]} | {one.name: one.size for one in geometry.trace(layers, spec.input_shape[1:])}
    kept, moving = kept_maps(layers, sizes), learned_before(layers)
    groups = [list(members) for _, members in groupby(layers, key=lambda layer: layer.owner)]
    return [
        cost_of(members, sizes, kept, moving)
        for members in groups
        if any(layer.learns() or KINDS[layer.kind].listed for layer in members)
    ]


def cost_of(members: Sequence[Layer], sizes: Sizes, kept: Mapping[str, Saved], moving: Collection[str]) -> Cost:
    """The row of a layer and of what belongs to it."""
    (main,) = [layer for layer in members if layer.name == layer.owner]
    first, last = members[0], members[-1]
    kind = KINDS[main.kind]
    # a map that is brought to a grid is read as that
    read = sizes[first.name if first.kind == "grid" else first.inputs[0]]
    macs = {layer.name: layer.rows * KINDS[layer.kind].macs(layer, sizes[layer.name]) for layer in members}
    return Cost(
        main.name,
        CLASSIFIER if main.part == HEAD else main.part,
        kind.counted_as or main.kind,
        read=first.rows * first.in_channels * product(read),
        written=last.rows * last.channels * product(sizes[last.name]),
        saved=together(kept[layer.name] for layer in members),
        output=sizes[main.name],
        normed=any(layer.kind == "norm" for layer in members),
        params=sum(product(shape) for layer in members for shape in layer.parameters().values()),
        macs=sum(macs.values()),
        train_macs=sum(value * (3 if name in moving else 2) for name, value in macs.items()),
    )


def ledger_of(modality: Modality, outputs: int) -> list[Cost]:
    """The rows of the net that a modality's options make."""
    return costs_of(modality.spec(outputs))


def total(costs: Sequence[Cost]) -> dict[str, int]:
    """{params, macs, flops, flops_train, activations} of a net, or of a part of one."""
    macs, train_macs = (sum(getattr(cost, name) for cost in costs) for name in ("macs", "train_macs"))
    params, activations = (sum(getattr(cost, name) for cost in costs) for name in ("params", "activations"))
    return {
        "params": params,
        "macs": macs,
        "flops": 2 * macs,
        "flops_train": 2 * train_macs,
        "activations": activations,
    }
