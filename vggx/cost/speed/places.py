"""a step -> where its time goes: kernel by kernel, by torch's profiler, and layer by layer of a forward pass."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from vggx.cost.speed.clock import wait

Row = dict[str, Any]
STEPS = 3


def kernels(step: Callable[[], Any], device: torch.device, most: int = 15) -> list[Row]:
    """{kernel, calls, ms, share} of a step, the longest first: a GPU's kernels by name, torch's operators on a CPU."""
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities) as found:
        for _ in range(STEPS):
            step()
        wait(device)
    taken: dict[str, list[float]] = {}
    for event in found.key_averages():
        spent = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        # on a GPU the operators that start kernels have device time, too: theirs is counted by the kernels
        if spent and (not on_gpu or event.device_type.name == "CUDA"):
            taken[event.key] = [event.count / STEPS, spent / STEPS / 1e3]
    total = sum(ms for _, ms in taken.values())
    ordered = sorted(taken.items(), key=lambda item: -item[1][1])[:most]
    return [{"kernel": name, "calls": calls, "ms": ms, "share": ms / total} for name, (calls, ms) in ordered]


def layers(net: nn.Module, infer: Callable[[], Any], device: torch.device) -> list[Row]:
    """{layer, ms, share} of a forward pass, every layer waited for, in their order; the median of three passes.

    Args:
        infer: runs the net, uncompiled.
    """
    begun: dict[str, float] = {}
    taken: dict[str, list[float]] = defaultdict(list)

    def start(name: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            wait(device)
            begun[name] = time.perf_counter()

        return hook

    def stop(name: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            wait(device)
            taken[name].append(1e3 * (time.perf_counter() - begun[name]))

        return hook

    leaves = [(name, module) for name, module in net.named_modules() if name and not list(module.children())]
    hooks = [
        hook
        for name, leaf in leaves
        for hook in (leaf.register_forward_pre_hook(start(name)), leaf.register_forward_hook(stop(name)))
    ]
    try:
        for _ in range(STEPS):
            infer()
    finally:
        for hook in hooks:
            hook.remove()
    medians = {name: sorted(times)[len(times) // 2] for name, times in taken.items()}
    total = sum(medians.values())
    return [{"layer": name, "ms": ms, "share": ms / total} for name, ms in medians.items()]
