"""The device's ceilings: of the order of what other ways of measuring find, and what NVML says where it is at hand."""

import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vggx.cost.speed import ceiling

CPU = torch.device("cpu")


def test_the_rate_is_that_of_numpys_matrix_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a factor of eight: numpy may use another number of threads, and other work runs beside it."""
    monkeypatch.setattr(ceiling, "SIDES", {"cpu": 512})
    monkeypatch.setattr(ceiling, "COPIED", {"cpu": 2**24})
    monkeypatch.setattr(ceiling, "SECONDS", 0.02)
    found = ceiling.measured(CPU, "32-true")
    a = np.random.default_rng(0).random((512, 512), dtype=np.float32)
    begun = time.perf_counter()
    for _ in range(10):
        a @ a
    rate = 10 * 2 * 512**3 / (time.perf_counter() - begun)
    assert rate / 8 < found.rate < rate * 8
    assert 1e8 < found.bandwidth < 1e13
    assert found.memory > 2**28
    assert "CPU cores" in found.name
    assert found.source == "measured"


def test_another_precision_has_a_ceiling_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "SIDES", {"cpu": 64})
    monkeypatch.setattr(ceiling, "COPIED", {"cpu": 2**16})
    monkeypatch.setattr(ceiling, "SECONDS", 0.001)
    seen: list[torch.dtype] = []
    real = torch.Tensor.__matmul__
    monkeypatch.setattr(torch.Tensor, "__matmul__", lambda a, b: seen.append(a.dtype) or real(a, b))
    ceiling.measured(CPU, "bf16-mixed")
    assert set(seen) == {torch.bfloat16}
    with pytest.raises(ValueError, match="precision must be one of"):
        ceiling.measured(CPU, "fp8")


def test_a_cpu_tells_no_joules() -> None:
    assert ceiling.Joules(CPU).taken() is None


def test_joules_are_the_difference_of_nvmls_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([5_000, 12_500])
    nvml = SimpleNamespace(
        NVMLError=RuntimeError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=lambda handle: next(counts) if handle == "GPU-1234" else 0,
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="1234"))
    assert ceiling.Joules(torch.device("cuda")).taken() == 7.5


def test_a_card_without_the_count_tells_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(handle: object) -> int:
        raise RuntimeError("not supported")

    nvml = SimpleNamespace(
        NVMLError=RuntimeError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=refused,
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="1234"))
    assert ceiling.Joules(torch.device("cuda")).taken() is None
