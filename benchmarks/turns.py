"""ways -> how fast each is: all in turn in one process, again and again, compared pair by pair."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Way = Callable[[], float]


def timed(items: Iterable[Any], count: Callable[[Any], int] = lambda item: 1) -> float:
    """Samples per second of all items."""
    begun, samples = time.perf_counter(), 0
    for item in items:
        samples += count(item)
    return samples / (time.perf_counter() - begun)


def in_turn(ways: Mapping[str, Way], repeats: int) -> dict[str, list[float]]:
    """What each way returns, `repeats` times after one that is not counted, all ways in turn."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            rate = way()
            if repeat:
                found[name].append(rate)
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the pairs' ratios."""
    return round(statistics.median(ratios(above, below)), 3)


def quartiles(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Between which the middle half of the pairs' ratios lies."""
    first, _, third = statistics.quantiles(ratios(above, below), n=4, method="inclusive")
    return [round(first, 3), round(third, 3)]


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]


def median(rates: Sequence[float]) -> float:
    return round(statistics.median(rates), 1)


def spread(row: Mapping[str, Any], name: str) -> str:
    """A ratio of a row as a page shows it, with its quartiles."""
    low, high = row[f"{name}_quartiles"]
    return f"{row[name]:.2f} ({low:.2f} to {high:.2f})"
