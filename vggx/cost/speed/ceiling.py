"""device, precision -> what it reaches, measured: FLOP/s of a matrix product, bytes/s of a copy; and joules taken."""

import os
import platform
from collections.abc import Callable
from typing import Any

import torch

from vggx.cost.memory import autocast_dtype
from vggx.options import Device

SIDES = {"cuda": 8192, "cpu": 2048}  # of the matrices
COPIED = {"cuda": 2**30, "cpu": 2**28}  # bytes; beyond any cache


class Ceiling:
    """What bounds a step from above on a device, as two more steps that can take their turn with it.

    So on a machine that has other work, or a card whose clock falls under load, a rate is held against what the device
    reached in the same minute.

    Attributes:
        product, copy: queue a matrix product in this precision, and a copy of memory.
        flops, bytes: of one.

    Raises:
        ValueError: an unknown precision.
    """

    def __init__(self, device: torch.device, precision: str):
        dtype = autocast_dtype(precision) or torch.float32
        side = SIDES[device.type]
        a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
        c, source = torch.empty_like(a), torch.empty(COPIED[device.type], dtype=torch.uint8, device=device)
        target = torch.empty_like(source)
        self.device = device
        self.product: Callable[[], Any] = lambda: torch.mm(a, b, out=c)
        self.copy: Callable[[], Any] = lambda: target.copy_(source)
        self.flops, self.bytes = 2 * side**3, 2 * len(source)

    def of(self, product_seconds: float, copy_seconds: float) -> Device:
        rate, bandwidth = self.flops / product_seconds, self.bytes / copy_seconds
        memory = memory_of(self.device)
        return Device(name=name_of(self.device), rate=rate, bandwidth=bandwidth, memory=memory, source="measured")


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
