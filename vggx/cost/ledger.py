"""plan + input shape -> what every layer of the net costs, in closed form: no weights, no tensors.

The convention, everywhere in vggx: a MAC is one multiplication with its addition, FLOPs = 2 MACs. Counted are
convolutions and linear layers for one sample; biases, norms, activations and pools are not, as in
`torch.utils.flop_counter`, which the tests hold these figures against, forward and backward.
"""

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from vggx import geometry, nd
from vggx.cost import saved
from vggx.cost.saved import Saved
from vggx.geometry import Layer
from vggx.net import check_structure
from vggx.options import Modality
from vggx.plans import Plan, get_plan

FREE = ("init",)  # arguments of VGG that change no cost
CLASSIFIER = "classifier"


@dataclass(frozen=True)
class Cost:
    """One layer's cost for one sample.

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


def ledger(
    input_shape: Sequence[int],
    classes: int,
    *,
    plan: str = "D",
    width: float = 1.0,
    norm: str = "none",
    activation: str = "relu",
    head: str = "fc",
    grid: Sequence[int] | None = None,
    dropout: float = 0.5,
    kernel: int | Sequence[int] = 3,
    pools: Sequence[int | Sequence[int]] | None = None,
    padding: str | Sequence[str] = "zeros",
    rows: int = 1,
) -> list[Cost]:
    """A row per layer of the net that `VGG` makes of the same arguments, in their order.

    Args:
        rows: how many inputs of this shape one sample folds into the batch; the head sees their maps side by side.

    Raises:
        ValueError: as `VGG`.
    """
    channels, *size = input_shape
    dims = len(size)
    check_structure(dims, classes, norm, head, grid, activation, dropout)
    chosen = get_plan(plan, width, kernel)
    layers = geometry.backbone_layers(chosen, dims, channels, pools)
    geometry.check_input(chosen, layers, size)
    rules = saved.Rules(norm != "none", activation, dropout, nd.paddings(padding, dims))
    costs = list(backbone_costs(chosen, layers, size, rows, rules, head))
    final = (*costs[-1].output[:-1], costs[-1].output[-1] * rows)
    grid = costs[-1].output if grid is None else nd.per_axis(grid, dims)
    heads = head_layers(head, chosen, classes, grid)
    if head == "pooled":
        return [*costs, *linear_costs(heads, final, rules)]
    return [*costs, *classifier_costs(heads, final, grid, rules)]


def backbone_costs(
    plan: Plan, layers: Sequence[Layer], size: Sequence[int], rows: int, rules: saved.Rules, head: str
) -> Iterator[Cost]:
    before = tuple(size)
    blocks = [number for number, block in enumerate(plan.blocks, 1) for _ in (*block.kernels, "pool")]
    for index, (layer, number, reach) in enumerate(zip(layers, blocks, geometry.trace(layers, size), strict=True)):
        after = reach.size
        read, written = rows * layer.in_channels * nd.product(before), rows * layer.width * nd.product(after)
        if layer.kind == "pool":
            kept = saved.of_pool(written, read_again=head == "fc" or index < len(layers) - 1)
        else:
            padded = rows * layer.in_channels * nd.product(rules.padded(before, layer.pad))
            kept = saved.of_unit(rules, read, padded, written, first=index == 0)
        cost = Cost(layer.name, f"block{number}", layer.kind, read=read, written=written, saved=kept, output=after)
        yield cost if layer.kind == "pool" else weighed(cost, layer, rows, normed=rules.norm, first=index == 0)
        if layer.name == f"conv{number}_1" and plan.blocks[number - 1].lrn:
            kept = saved.of_lrn(rows * nd.product(after), layer.width)
            yield Cost(f"lrn{number}", f"block{number}", "lrn", read=written, written=written, saved=kept, output=after)
        before = after


def classifier_costs(
    layers: Sequence[Layer], size: tuple[int, ...], grid: tuple[int, ...], rules: saved.Rules
) -> Iterator[Cost]:
    target = tuple(max(have, want) for have, want in zip(size, grid, strict=True))
    before, pooled_up = target, target != size
    for layer, reach in zip(layers, geometry.trace(layers, target), strict=True):
        read, written = layer.in_channels * nd.product(before), layer.width * nd.product(reach.size)
        kept = saved.of_classifier(rules, read if pooled_up else 0, written, last=layer is layers[-1])
        cost = Cost(layer.name, CLASSIFIER, "conv", read=read, written=written, saved=kept, output=reach.size)
        yield weighed(cost, layer)
        before, pooled_up = reach.size, False


def linear_costs(layers: Sequence[Layer], size: tuple[int, ...], rules: saved.Rules) -> Iterator[Cost]:
    """Of the pooled head, which averages the map first, so that the linear layer runs once."""
    for layer in layers:
        kept = saved.of_linear(rules, layer.in_channels)
        read = layer.in_channels * nd.product(size)
        cost = Cost(layer.name, CLASSIFIER, "conv", read=read, written=layer.width, saved=kept, output=layer.kernel)
        yield weighed(cost, layer)


def weighed(cost: Cost, layer: Layer, rows: int = 1, *, normed: bool = False, first: bool = False) -> Cost:
    """The cost with what its weights cost: they are applied at every position of every row."""
    weights = nd.product(layer.kernel) * layer.in_channels * layer.width
    params = weights + layer.width * (3 if normed else 1)
    macs = weights * nd.product(cost.output) * rows
    return replace(cost, normed=normed, params=params, macs=macs, train_macs=macs * (2 if first else 3))


def head_layers(head: str, plan: Plan, classes: int, grid: Sequence[int]) -> list[Layer]:
    width = plan.blocks[-1].width
    if head == "fc":
        return geometry.classifier_layers(plan, width, classes, grid)
    ones, zeros = (1,) * len(grid), (0,) * len(grid)
    return [Layer("fc", "conv", width, classes, ones, ones, zeros)]


def ledger_of(modality: Modality, classes: int, **other: Any) -> list[Cost]:
    """The rows of the net that a modality's options make, with other arguments of `ledger` in the place of theirs."""
    arguments = {name: value for name, value in modality.vgg_arguments().items() if name not in FREE}
    return ledger(classes=classes, rows=modality.net.rows(), **(arguments | other))


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
