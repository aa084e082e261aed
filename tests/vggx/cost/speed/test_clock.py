"""The clock against steps that take a known time, of a clock that they move themselves."""

from collections.abc import Callable
from statistics import quantiles
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vggx.cost.speed import clock
from vggx.cost.speed.clock import Spread

CPU = torch.device("cpu")
Takes = Callable[[float], Callable[[], None]]


@pytest.fixture
def takes(monkeypatch: pytest.MonkeyPatch) -> Takes:
    """A step that takes so many seconds."""
    now = [100.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def made(seconds: float) -> Callable[[], None]:
        def step() -> None:
            now[0] += seconds

        return step

    return made


def test_seconds_are_the_mean_of_a_step(takes: Takes) -> None:
    assert clock.seconds_of(takes(0.5), 4, CPU) == pytest.approx(0.5)


def test_as_many_steps_as_take_so_long(takes: Takes) -> None:
    assert clock.count_for(0.1, takes(2.0), CPU) == 1
    assert clock.count_for(1.0, takes(0.3), CPU) == 4


def test_all_take_their_turn_in_every_round(takes: Takes) -> None:
    called: list[str] = []
    quick, slow = takes(0.5), takes(4.0)
    steps = {"quick": lambda: called.append("q") or quick(), "slow": lambda: called.append("s") or slow()}
    rounds = list(clock.in_turn(steps, CPU, repeats=3, seconds=1.0))
    assert "".join(called) == "qs" + 3 * "qqs"  # once each to see how many steps fill a second
    assert rounds == [{"quick": pytest.approx(0.5), "slow": pytest.approx(4.0)}] * 3


def test_latency_is_of_single_passes(takes: Takes) -> None:
    """Of 31 passes the first tells how many are needed; of the 30 others two are slow."""
    waits = iter([takes(1.0), *[takes(0.001)] * 28, *[takes(0.02)] * 2])
    found = clock.latency(lambda: next(waits)(), CPU, 0.5)
    assert found["p50"] == pytest.approx(1.0)  # milliseconds
    assert 1.0 < found["p95"] < found["p99"] == pytest.approx(20.0)
    assert next(waits, None) is None


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
