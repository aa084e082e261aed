"""net, optimiser, batch, precision -> bytes at the peak of a training step, predicted without taking them.

The step is run on fake tensors, which have shapes and no contents, and torch's `MemTracker` adds up what is alive. So
the peak is that of torch's own forward and backward, whatever the net is made of. Not in it are

- the workspaces of kernels, which may be large: one that wants its axes in another order copies input and weights;
- what the allocator keeps beyond what is asked for, its rounding to 512 bytes, and CUDA's own context.

The fake tensors are on the CPU, as those of CUDA need its driver in the backward pass. Two things differ there. A mask
of dropout has the type of its input, where CUDA takes a byte: in VGG-16 24 KiB a sample, of 70 MiB. And autocast goes
by the CPU's list: `CudaCasts` undoes what matters of it, but not what it does within plan A-LRN's norm.
"""

import copy
import gc
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.overrides import TorchFunctionMode

from vggx.cost.precision import value_bytes
from vggx.init import Undrawn

# what a forward pass is cast to; None: nothing is
PRECISIONS: dict[str, torch.dtype | None] = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}

Build = Callable[[], nn.Module]
MakeOptimizer = Callable[[nn.Module], Optimizer]
MakeBatch = Callable[[], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Memory:
    """Bytes alive at the peak, by what they are; the parts sum to `peak`.

    Attributes:
        parameters, buffers, gradients: of the net.
        optimizer: what it keeps from step to step: momentum, or two moments.
        activations: the batch, what forward made and holds for backward, and autocast's copies of the weights.
        temporary: what backward and the optimiser's step make and drop again.
    """

    parameters: int
    buffers: int
    gradients: int
    optimizer: int
    activations: int
    temporary: int
    peak: int


class CudaCasts(TorchFunctionMode):
    """Leaves in 16 bits what autocast casts to 32 on a CPU and not on CUDA: a pool would save a copy of its input."""

    KEPT = (F.max_pool3d, F.adaptive_avg_pool3d, F.pad)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        with torch.autocast("cpu", enabled=False) if func in self.KEPT else nullcontext():
            return func(*args, **(kwargs or {}))


def autocast_dtype(precision: str) -> torch.dtype | None:
    """
    Raises:
        ValueError: an unknown precision.
    """
    value_bytes(precision)
    return PRECISIONS[precision]


def as_on_gpu(optimizer: Optimizer) -> Optimizer:
    """The optimiser, stepping over all weights at once as on CUDA, where SGD's decay copies them; fused as it is."""
    for group in optimizer.param_groups:
        if group.get("foreach", False) is None and not group.get("fused"):
            group["foreach"] = True
    return optimizer


def step(net: nn.Module, optimizer: Optimizer, batch: MakeBatch, dtype: torch.dtype | None, device: str) -> None:
    """One step in Lightning's order: the last step's gradients are alive in forward, and go before backward."""
    inputs, labels = (made.to(device) for made in batch())
    with torch.autocast(device, dtype=dtype, enabled=dtype is not None):
        loss = F.cross_entropy(net(inputs), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def predicted_peak(build: Build, optimizer: MakeOptimizer, batch: MakeBatch, precision: str = "32-true") -> Memory:
    """The peak of a training run: of two steps, since only the second has the optimiser's state from its start.

    Args:
        build: makes the net in training mode, a `vggx.net.PreparedNet` or any other that takes the inputs alone.
        optimizer: net -> its optimiser.
        batch: makes inputs (N, ...) and labels (N,) int64, as the datamodule gives them; called within the fake mode.
        precision: a key of `PRECISIONS`. fp16's scaler, a few numbers, is left out.

    Raises:
        ValueError: an unknown precision.
    """
    dtype = autocast_dtype(precision)
    # built of real tensors, since a front-end looks at the contents of its filters
    with Undrawn():
        net = build()
    fake = FakeTensorMode()
    with FakeCopyMode(fake):
        net = copy.deepcopy(net)
    with fake:
        return tracked(net, as_on_gpu(optimizer(net)), batch, dtype)


def tracked(net: nn.Module, optimizer: Optimizer, batch: MakeBatch, dtype: torch.dtype | None) -> Memory:
    """Two steps on the CPU, of fake tensors or real ones, and what was alive at their peak."""
    tracker = MemTracker()
    tracker.track_external(net)
    with tracker, CudaCasts():
        step(net, optimizer, batch, dtype, "cpu")
        tracker.reset_mod_stats()  # its records of modules are of one step; its sums go on
        step(net, optimizer, batch, dtype, "cpu")
    found = tracker.get_tracker_snapshot("peak")[torch.device("cpu")]
    sizes = {getattr(kind, "value", kind): size for kind, size in found.items()}
    # the tracker counts what a step makes and drops as the optimiser's, too; AdamW's counts of steps have no axes
    kept = sum(t.nbytes for state in optimizer.state.values() for t in state.values() if torch.is_tensor(t) and t.ndim)
    return Memory(
        parameters=sizes["Parameter"],
        buffers=sizes["Buffer"],
        gradients=sizes["Gradient"],
        optimizer=kept,
        activations=sizes["Activation"],
        temporary=sizes["Temp"] + sizes["Optstate"] - kept,
        peak=sizes["Total"],
    )


def measured_peak(build: Build, optimizer: MakeOptimizer, batch: MakeBatch, precision: str = "32-true") -> int:
    """Bytes that torch had allocated at the peak of a second step on the current CUDA device, workspaces among them.

    The first step is not measured: with `torch.backends.cudnn.benchmark` it tries kernels, with any workspace.

    Args:
        build, optimizer, batch, precision: as in `predicted_peak`.

    Raises:
        ValueError: an unknown precision.
    """
    dtype = autocast_dtype(precision)
    gc.collect()  # what dies while it is measured would be missed
    before = torch.cuda.memory_allocated()
    net = build().to("cuda")
    made = optimizer(net)
    step(net, made, batch, dtype, "cuda")
    torch.cuda.reset_peak_memory_stats()
    step(net, made, batch, dtype, "cuda")
    return torch.cuda.max_memory_allocated() - before
