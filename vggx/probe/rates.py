"""layers as measured -> blocks and head with LARS's trust ratio, and the rates that it proposes for them."""

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import fmean
from typing import Any

from vggx.probe.layers import Layer, norm

Row = dict[str, Any]


def trust(weight: float, gradient: float | None) -> float | None:
    """|w| / |g|; None where there is no gradient, or none that can be told.

    Source: LARS, You, Gitman, Ginsburg, "Large Batch Training of Convolutional Networks" (2017), without weight decay.
    """
    return weight / gradient if gradient and math.isfinite(gradient) else None


def mean(norms: Sequence[float]) -> float | None:
    """Of a gradient's norms in each batch; a frozen kernel has none."""
    return fmean(norms) if norms else None


def parts(layers: Sequence[Layer]) -> list[Row]:
    """{part, weight_norm, grad_norm, ratio, rate} of each block and the head, over the kernels of its layers.

    `rate` is the ratio as a share of the greatest, to three digits: 1 at the most. A frozen block has none.
    """
    rows: list[Row] = []
    for part, members in groupby(layers, key=lambda layer: layer.part):
        kernels = list(members)
        weight = math.hypot(*(norm(layer.weight) for layer in kernels))
        gradient = mean([math.hypot(*norms) for norms in zip(*(layer.norms for layer in kernels), strict=True)])
        rows.append({"part": part, "weight_norm": weight, "grad_norm": gradient, "ratio": trust(weight, gradient)})
    greatest = max((row["ratio"] for row in rows if row["ratio"]), default=None)
    for row in rows:
        row["rate"] = float(f"{row['ratio'] / greatest:.3g}") if row["ratio"] else None
    return rows


def block_rates(rows: Sequence[Row]) -> list[float] | None:
    """The option recipe.block_rates, 1 for a frozen block; None where a block that trains has no ratio."""
    if any(row["ratio"] is None and row["grad_norm"] is not None for row in rows):
        return None
    return [1.0 if row["rate"] is None else row["rate"] for row in rows]
