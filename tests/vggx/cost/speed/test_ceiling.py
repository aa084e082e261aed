"""What bounds a device, as steps of known work; and what NVML says, where it is at hand."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vggx.cost.speed import ceiling
from vggx.cost.speed.ceiling import Ceiling

CPU = torch.device("cpu")


class Seen(TorchDispatchMode):
    """What torch is called for, and the type of what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.called: list[tuple[str, str]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.called.append((func.overloadpacket.__name__, str(args[0].dtype).removeprefix("torch.")))
        return func(*args, **(kwargs or {}))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "SIDES", {"cpu": 256})
    monkeypatch.setattr(ceiling, "COPIED", {"cpu": 2**20})


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("precision", "dtype"), [("32-true", "float32"), ("bf16-mixed", "bfloat16")])
def test_the_steps_are_a_product_and_a_copy_in_this_precision(precision: str, dtype: str) -> None:
    found = Ceiling(CPU, precision)
    seen = []
    for step in (found.product, found.copy):
        with Seen() as mode:
            step()
        seen.append(mode.called)
    assert seen == [[("mm", dtype)], [("copy_", "uint8")]]
    assert (found.flops, found.bytes) == (2 * 256**3, 2 * 2**20)


@pytest.mark.usefixtures("small")
def test_rates_are_work_by_seconds() -> None:
    limit = Ceiling(CPU, "32-true").of(product_seconds=0.5, copy_seconds=0.25)
    assert limit.rate == 2 * 2 * 256**3
    assert limit.bandwidth == 4 * 2 * 2**20
    assert limit.memory > 2**28
    assert "CPU cores" in limit.name
    assert limit.source == "measured"


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="precision must be one of"):
        Ceiling(CPU, "fp8")


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
