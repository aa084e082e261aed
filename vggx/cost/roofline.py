"""costs + a device -> the least time of every pass of every layer, and the most samples a second.

A pass takes the longer of its arithmetic and its traffic: max(FLOPs / rate, bytes / bandwidth) (Williams et al.,
"Roofline", 2009). Its traffic is the least that separate kernels have: every map and weight is read or written once,
bias and activation are fused into the convolution, and nothing stays in a cache from one pass to the next. Kernels that
do less arithmetic (Winograd) or fuse further can be faster than this.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vggx.cost.ledger import Cost
from vggx.options import Device

PLACE = 1  # bytes of a max pool's place, which needs no more
# a norm reads its input for the statistics and again to apply them, and writes; in the backward pass likewise, with
# the gradient beside it. In inference it is a part of the convolution's weights.
NORM_FORWARD, NORM_BACKWARD = 3, 5
OPTIMIZER = 20  # bytes a parameter, of momentum in float32: gradient, weight and momentum read, the latter two written


class Pass(NamedTuple):
    """FLOPs and bytes of one kernel over a batch."""

    flops: int
    bytes: int

    def seconds(self, device: Device) -> float:
        return max(self.flops / device.rate, self.bytes / device.bandwidth)


@dataclass(frozen=True)
class Limit:
    """What a device cannot be faster than.

    Attributes:
        infer_seconds, train_seconds: of a batch.
        bound: compute or memory, whichever takes longer in training.
        memory_share: of train_seconds, what is spent in passes that memory bounds.
    """

    infer_seconds: float
    train_seconds: float
    bound: str
    memory_share: float


def forward(cost: Cost, batch: int, value_bytes: int) -> Pass:
    moved = (cost.read + cost.written) * batch + cost.params
    return Pass(2 * cost.macs * batch, moved * value_bytes)


def training(cost: Cost, batch: int, value_bytes: int) -> Iterator[Pass]:
    """Forward, gradient of the weights, gradient of the input if one is wanted, and the optimiser's step."""
    ahead = forward(cost, batch, value_bytes)
    yield ahead
    if cost.normed:
        yield Pass(0, (NORM_FORWARD + NORM_BACKWARD) * cost.written * batch * value_bytes)
    if cost.kind == "pool":
        yield Pass(0, ahead.bytes + PLACE * cost.written * batch)
    elif cost.kind == "lrn":
        yield Pass(0, 2 * ahead.bytes)
    else:
        # the activation's mask is the map itself, read by the first pass that takes its gradient
        masked = Pass(ahead.flops, ahead.bytes + cost.written * batch * value_bytes)
        if cost.train_macs == 3 * cost.macs:
            yield ahead
        yield masked
        yield Pass(0, OPTIMIZER * cost.params)


def limit(costs: Sequence[Cost], device: Device, batch: int, value_bytes: int) -> Limit:
    """Of one layer or of all."""
    passes = [one for cost in costs for one in training(cost, batch, value_bytes)]
    seconds = sum(one.seconds(device) for one in passes)
    memory = sum(one.seconds(device) for one in passes if one.bytes / device.bandwidth > one.flops / device.rate)
    infer = sum(forward(cost, batch, value_bytes).seconds(device) for cost in costs)
    return Limit(infer, seconds, "memory" if memory > seconds / 2 else "compute", memory / seconds)
