"""The clock against steps that sleep."""

import time
from statistics import quantiles

import numpy as np
import pytest
import torch

from vggx.cost.speed import clock
from vggx.cost.speed.clock import Spread

CPU = torch.device("cpu")


def test_seconds_are_the_mean_of_a_step() -> None:
    assert 0.01 <= clock.seconds_of(lambda: time.sleep(0.01), 5, CPU) < 0.02


def test_as_many_steps_as_take_so_long() -> None:
    assert clock.count_for(0.001, lambda: time.sleep(0.02), CPU) == 1
    assert 3 <= clock.count_for(0.05, lambda: time.sleep(0.01), CPU) <= 5


def test_all_take_their_turn_in_every_round() -> None:
    called: list[str] = []
    steps = {name: lambda name=name: called.append(name) or time.sleep(0.01) for name in ("a", "b")}
    rounds = list(clock.in_turn(steps, CPU, repeats=3, seconds=0.001))
    assert called == ["a", "b"] * 4  # once to see how many steps fill a round
    assert len(rounds) == 3
    assert all(0.01 <= seconds < 0.02 for round_ in rounds for seconds in round_.values())


def test_latency_is_of_single_passes() -> None:
    waits = iter([0.0] + [0.001] * 27 + [0.02] * 3)
    found = clock.latency(lambda: time.sleep(next(waits)), CPU, 0.0)
    assert found.keys() == {"p50", "p95", "p99"}
    assert 1 <= found["p50"] < 3
    assert found["p95"] > 15
    assert found["p99"] >= found["p95"]


def test_a_spread_is_the_quartiles() -> None:
    values = [1.0, 2.0, 4.0, 8.0, 16.0]
    assert Spread.of(values) == pytest.approx(tuple(np.quantile(values, [0.25, 0.5, 0.75])))
    assert list(Spread.of(values)) == quantiles(values, n=4, method="inclusive")
    assert Spread.of([3.0]) == (3.0, 3.0, 3.0)


def test_cudnn_tries_its_kernels_meanwhile_only() -> None:
    before = torch.backends.cudnn.benchmark
    with clock.cudnn_trying_kernels():
        assert torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.benchmark == before
