"""plan + input shape -> parameters, MACs and FLOPs of every layer, in closed form: no weights, no tensors.

The convention, everywhere in vggx: a MAC is one multiplication with its addition, FLOPs = 2 MACs. Counted are
convolutions and linear layers, forward, for one sample; biases, norms, activations and pools are not, as in
`torch.utils.flop_counter`, which the tests hold these figures against.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vggx import geometry, nd
from vggx.geometry import Layer
from vggx.net import check_structure
from vggx.options import Modality
from vggx.plans import Plan, get_plan

FREE = ("activation", "dropout", "init", "padding")  # arguments of VGG that change no count


@dataclass(frozen=True)
class Cost:
    """One layer's cost; `output` is its size on every spatial axis."""

    name: str
    params: int
    macs: int
    output: tuple[int, ...]


def head_layers(head: str, plan: Plan, classes: int, grid: Sequence[int]) -> list[Layer]:
    width = plan.blocks[-1].width
    if head == "fc":
        return geometry.classifier_layers(plan, width, classes, grid)
    ones, zeros = (1,) * len(grid), (0,) * len(grid)
    return [Layer("fc", "conv", width, classes, ones, ones, zeros)]


def ledger(
    input_shape: Sequence[int],
    classes: int,
    *,
    plan: str = "D",
    width: float = 1.0,
    norm: str = "none",
    head: str = "fc",
    grid: Sequence[int] | None = None,
    pools: Sequence[int | Sequence[int]] | None = None,
    rows: int = 1,
) -> list[Cost]:
    """A row per layer of the net that `VGG` makes of the same arguments; those that cost nothing are passed over.

    Args:
        rows: how many inputs of this shape one sample folds into the batch; the head sees their maps side by side.

    Raises:
        ValueError: as `VGG`.
    """
    channels, *size = input_shape
    check_structure(len(size), classes, norm, head, grid)
    chosen = get_plan(plan, width)
    layers = geometry.backbone_layers(chosen, len(size), channels, pools)
    geometry.check_input(chosen, layers, size)
    costs = []
    for layer, reach in zip(layers, geometry.trace(layers, size), strict=True):
        norms = 2 * layer.width if norm != "none" else 0
        costs.append(layer_cost(layer, reach.size, rows=rows, norms=norms))
    final = costs[-1].output
    heads = head_layers(head, chosen, classes, final if grid is None else nd.per_axis(grid, len(size)))
    # the pooled head averages first, so that its linear layer runs once
    final = (1,) * len(size) if head == "pooled" else (*final[:-1], final[-1] * rows)
    for layer, reach in zip(heads, geometry.trace(heads, final), strict=True):
        costs.append(layer_cost(layer, reach.size))
    return costs


def layer_cost(layer: Layer, output: tuple[int, ...], *, rows: int = 1, norms: int = 0) -> Cost:
    if layer.kind == "pool":
        return Cost(layer.name, 0, 0, output)
    weights = nd.product(layer.kernel) * layer.in_channels * layer.width
    return Cost(layer.name, weights + layer.width + norms, weights * nd.product(output) * rows, output)


def ledger_of(modality: Modality, classes: int) -> list[Cost]:
    """The rows of the net that a modality's options make."""
    arguments = {name: value for name, value in modality.vgg_arguments().items() if name not in FREE}
    return ledger(classes=classes, rows=modality.net.rows(), **arguments)


def total(costs: Sequence[Cost]) -> dict[str, int]:
    """{params, macs, flops} of a net."""
    macs = sum(cost.macs for cost in costs)
    return {"params": sum(cost.params for cost in costs), "macs": macs, "flops": 2 * macs}
