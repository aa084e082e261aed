"""steps -> seconds: all of them in turn, so that what else a machine does falls on all alike; medians and spread."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any, NamedTuple

import torch

LATENCIES = (50, 95, 99)  # percentiles
FEWEST = 30  # passes of which percentiles are taken


class Spread(NamedTuple):
    """A median between its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median(values), high)


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(step: Callable[[], Any], count: int, device: torch.device) -> float:
    """Mean seconds of so many steps that are queued one after another."""
    wait(device)
    begun = time.perf_counter()
    for _ in range(count):
        step()
    wait(device)
    return (time.perf_counter() - begun) / count


def count_for(seconds: float, step: Callable[[], Any], device: torch.device) -> int:
    """How many steps take so long."""
    return max(1, math.ceil(seconds / seconds_of(step, 1, device)))


def in_turn(
    steps: Mapping[str, Callable[[], Any]], device: torch.device, *, repeats: int, seconds: float
) -> Iterator[dict[str, float]]:
    """Rounds of {name: seconds of a step}: every step runs for `seconds`, one after the other in each round."""
    counts = {name: count_for(seconds, step, device) for name, step in steps.items()}
    for _ in range(repeats):
        yield {name: seconds_of(step, counts[name], device) for name, step in steps.items()}


def latency(step: Callable[[], Any], device: torch.device, seconds: float) -> dict[str, float]:
    """{p50, p95, p99}: milliseconds from the call to the answer, of single passes that each are waited for."""
    count = max(FEWEST, count_for(seconds, step, device))
    taken = [1e3 * seconds_of(step, 1, device) for _ in range(count)]
    cuts = quantiles(taken, n=100, method="inclusive")
    return {f"p{percent}": cuts[percent - 1] for percent in LATENCIES}


@contextmanager
def cudnn_trying_kernels() -> Iterator[None]:
    """As our trainer and torchvision's reference script have it: sizes are fixed, so cuDNN may try its kernels."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
