"""modalities -> rows of parameters, MACs and FLOPs: of the nets, or of the layers of each."""

from collections.abc import Sequence
from typing import Any

from vggx.cost.ledger import ledger_of, total
from vggx.options import Modality

CONVENTION = (
    "MACs and FLOPs (= 2 MACs) of convolutions and linear layers, forward, for one sample (one view); "
    "biases, norms, activations, pools and the audio front-end are not counted"
)
BY = ("net", "layer")


def cost(modalities: Sequence[Modality], classes: int, by: str = "net") -> dict[str, Any]:
    """{convention, rows} of the nets that these options make, in their order.

    Raises:
        ValueError: an unknown `by`, or options from which no net can be made.
    """
    if by not in BY:
        raise ValueError(f"by must be one of {', '.join(BY)}, not {by!r}")
    return {"convention": CONVENTION, "rows": [row for m in modalities for row in rows(m, classes, by)]}


def rows(modality: Modality, classes: int, by: str) -> list[dict[str, Any]]:
    net = modality.net
    costs = ledger_of(modality, classes)
    shape = modality.vgg_arguments()["input_shape"]
    head = {"modality": modality.name, "plan": net.plan, "norm": net.norm, "dims": len(shape) - 1}
    if by == "layer":
        counted = [cost for cost in costs if cost.params]
        return [
            {**head, "layer": c.name, "output": list(c.output), "params": c.params, "macs": c.macs, "flops": 2 * c.macs}
            for c in counted
        ]
    return [{**head, "input_shape": list(shape), "rows": net.rows(), "classes": classes, **total(costs)}]
