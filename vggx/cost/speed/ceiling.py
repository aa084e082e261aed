"""device, precision -> what it reaches, measured: FLOP/s of a matrix product, bytes/s of a copy; and joules taken."""

import os
import platform
from collections.abc import Callable
from typing import Any

import torch

from vggx.cost.memory import autocast_dtype
from vggx.cost.speed.clock import count_for, seconds_of
from vggx.options import Device

SIDES = {"cuda": 8192, "cpu": 2048}  # of the matrices
COPIED = {"cuda": 2**30, "cpu": 2**28}  # bytes; beyond any cache
SECONDS, REPEATS = 0.3, 5


def measured(device: torch.device, precision: str) -> Device:
    """The device's ceilings at this precision, as it is now and with what else runs on it: the best of five.

    Raises:
        ValueError: an unknown precision.
    """
    dtype = autocast_dtype(precision) or torch.float32
    side = SIDES[device.type]
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    source = torch.empty(COPIED[device.type], dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return Device(
        name=name_of(device),
        rate=2 * side**3 / best(lambda: a @ b, device),
        bandwidth=2 * len(source) / best(lambda: target.copy_(source), device),
        memory=memory_of(device),
        source="measured",
    )


def best(work: Callable[[], Any], device: torch.device) -> float:
    """Seconds."""
    work()
    count = count_for(SECONDS, work, device)
    return min(seconds_of(work, count, device) for _ in range(REPEATS))


def name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{os.cpu_count()} CPU cores, {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def memory_of(device: torch.device) -> int:
    """Bytes."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class Joules:
    """What a GPU has taken since it was made, by NVML's own count, which moves some ten times a second.

    Always None on a CPU, or where NVML (`pip install nvidia-ml-py`) or the card's count is not at hand.
    """

    def __init__(self, device: torch.device):
        self.handle = handle_of(device)
        self.before = self.count()

    def count(self) -> float | None:
        if self.handle is None:
            return None
        import pynvml

        try:
            return pynvml.nvmlDeviceGetTotalEnergyConsumption(self.handle) / 1e3
        except pynvml.NVMLError:
            return None

    def taken(self) -> float | None:
        now = self.count()
        return None if now is None or self.before is None else now - self.before


def handle_of(device: torch.device) -> Any:
    if device.type != "cuda":
        return None
    try:
        import pynvml
    except ModuleNotFoundError:
        return None
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
    except pynvml.NVMLError:
        return None
