"""net, setting, mode, batch -> a step that can be repeated: a forward pass, or one of training."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.conv import _ConvNd
from torch.optim import Optimizer

from vggx import nd
from vggx.cost.memory import autocast_dtype

MODES = ("train", "infer")
WARM = 3  # steps before a CUDA graph is captured, as torch's documentation has it


@dataclass(frozen=True)
class Setting:
    """How a net is run.

    Attributes:
        precision: a key of `vggx.cost.memory.PRECISIONS`; to infer in 16 bits the weights are cast once. fp16's scaler
            is left out.
        channels_last: kernels and input in channels-last order.
        compile: by torch.compile.
        cuda_graphs: the whole step is recorded once and replayed.
    """

    precision: str = "32-true"
    channels_last: bool = False
    compile: bool = False
    cuda_graphs: bool = False

    def words(self) -> str:
        flags = [name for name in ("channels_last", "compile", "cuda_graphs") if getattr(self, name)]
        return ", ".join([self.precision, *flags])


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A net that is timed.

    Attributes:
        name: in the tables.
        dims: spatial axes of its input.
        shape: (C, *S) of a sample.
        build: makes it, its weights drawn.
        optimizer: net -> what its own recipe trains it with.
        pathways: makes of the batch what it is called with.
    """

    name: str
    dims: int
    shape: tuple[int, ...]
    build: Callable[[], nn.Module]
    optimizer: Callable[[nn.Module], Optimizer]
    pathways: Callable[[Tensor], Any] = lambda x: x


class Step:
    """One step over a batch of noise that lies on the device; called, it queues the step and waits for nothing.

    Attributes:
        peak: bytes allocated at the most while it ran, weights and optimiser included; None on a CPU, whose allocator
            keeps no count.

    Raises:
        ValueError: an unknown mode or precision, or CUDA graphs without CUDA.
    """

    def __init__(self, subject: Subject, setting: Setting, mode: str, batch: int, device: torch.device):
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        if setting.cuda_graphs and device.type != "cuda":
            raise ValueError("cuda_graphs=true needs a CUDA device")
        self.dtype, self.device, self.batch = autocast_dtype(setting.precision), device, batch
        before = allocated(device)
        net = subject.build().to(device).train(mode == "train")
        x = torch.randn(batch, *subject.shape, device=device)
        if setting.channels_last:
            nd.channels_last(net, subject.dims)
            x = x.to(memory_format=nd.CHANNELS_LAST.get(subject.dims, torch.contiguous_format))
        self.inputs = subject.pathways(x)
        self.labels = torch.zeros(batch, dtype=torch.int64, device=device)
        self.optimizer = subject.optimizer(net) if mode == "train" else None
        if mode == "infer" and self.dtype is not None:
            cast_weights(net, self.dtype)
        self.net: Any = torch.compile(net) if setting.compile else net
        self.queue: Callable[[], Any] = self.train if mode == "train" else self.infer
        self.warm(WARM if device.type == "cuda" else 1)
        if setting.cuda_graphs:
            self.queue = captured(self.queue)
        self.peak = None if before is None else self.peak_of_a_step(before)

    def __call__(self) -> None:
        self.queue()

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None)

    def train(self) -> None:
        assert self.optimizer is not None
        self.optimizer.zero_grad()
        with self.autocast():
            loss = F.cross_entropy(self.net(self.inputs), self.labels)
        loss.backward()
        self.optimizer.step()

    def infer(self) -> None:
        with torch.inference_mode(), self.autocast():
            self.net(self.inputs)

    def warm(self, steps: int) -> None:
        """On a stream of its own, which a CUDA graph asks for; kernels are chosen and compiled here."""
        if self.device.type != "cuda":
            for _ in range(steps):
                self.queue()
            return
        stream = torch.cuda.Stream(self.device)
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(steps):
                self.queue()
        torch.cuda.current_stream().wait_stream(stream)

    def peak_of_a_step(self, before: int) -> int:
        """Above what was allocated before the net was built; the kernels that the first step tries are not in it."""
        torch.cuda.reset_peak_memory_stats(self.device)
        self.queue()
        torch.cuda.synchronize(self.device)
        return torch.cuda.max_memory_allocated(self.device) - before


def allocated(device: torch.device) -> int | None:
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else None


def cast_weights(net: nn.Module, dtype: torch.dtype) -> None:
    """Those that autocast would cast anew at every pass."""
    for module in net.modules():
        if isinstance(module, _ConvNd | nn.Linear):
            module.to(dtype)


def captured(queue: Callable[[], Any]) -> Callable[[], Any]:
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        queue()
    return graph.replay
