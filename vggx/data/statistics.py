"""batches (N, C, *S) -> mean (C,), std (C,): true over all values seen, in one pass and in float64."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from vggx.net import PreparedNet, scaled
from vggx.options import NetOptions

MEASURING = "mean and standard deviation of the training split"


def channel_statistics(batches: Iterable[Tensor], *, whole: bool = False) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of every channel, or of all channels together if `whole`.

    Sums are shifted by the first batch's mean, so that squares of large values do not cancel.

    Raises:
        ValueError: no values, or a channel that never changes.
    """
    count, shift = 0, torch.zeros(())
    total = squares = torch.zeros(())
    for batch in batches:
        values = batch.double().movedim(1, 0).flatten(1)
        values = values.reshape(1, -1) if whole else values
        if count == 0:
            shift = values.mean(1, keepdim=True)
            total = squares = torch.zeros_like(shift[:, 0])
        count += values.shape[1]
        total = total + (values - shift).sum(1)
        squares = squares + (values - shift).square().sum(1)
    if count == 0:
        raise ValueError("no readable sample to measure the mean and standard deviation on")
    std = (squares / count - (total / count).square()).clamp(min=0).sqrt()
    if not bool((std > 0).all()):
        raise ValueError(f"a channel has the same value in all samples (standard deviations {std.tolist()})")
    return (total / count + shift[:, 0]).tolist(), std.tolist()


def measure(net: PreparedNet, batches: Iterable[dict[str, Any]], options: NetOptions) -> None:
    """Measure mean and standard deviation of what the net eats of these batches, into the net and its options."""
    with torch.no_grad():
        inputs = (valid_input(net, batch) for batch in batches if batch["input"] is not None)
        options.mean, options.std = channel_statistics(inputs, whole=len(net.normalise.mean) == 1)
    net.normalise.mean.copy_(torch.tensor(options.mean))
    net.normalise.std.copy_(torch.tensor(options.std))


def valid_input(net: PreparedNet, batch: dict[str, Any]) -> Tensor:
    """A batch before it is normalised, (N, C, *S), or of its padded clips the valid steps alone, (steps, C)."""
    x, valid = net.prepared(batch["input"], batch.get("lengths"))
    return scaled(x) if valid is None else x.movedim(1, -1)[valid]
