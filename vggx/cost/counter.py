"""any net + its inputs on the meta device -> parameters, FLOPs of a forward pass and of a training step, activations.

What `vggx.cost.ledger` has in closed form for VGG, counted by running any net without memory or arithmetic. The
convention is the same: FLOPs = 2 MACs, of convolutions and matrix products (attention and recurrent layers are made of
them); biases, norms, activations and pools count nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count, flop_registry


@dataclass(frozen=True)
class Count:
    """
    Attributes:
        params: all parameters, those of auxiliary heads too.
        flops: of a forward pass in eval mode.
        flops_train: of a forward and a backward pass in train mode. The inputs get no gradient, everything else does.
        activations: elements of the outputs of convolutions and matrix products, in that forward pass.
        moved: elements that those and the pools read and write there, weights too: the least traffic if all else is
            fused into them.
    """

    params: int
    flops: int
    flops_train: int
    activations: int
    moved: int


def conv_backward_flops(
    grad: torch.Size,
    x: torch.Size,
    weight: torch.Size,
    _bias: Any,
    _stride: Any,
    _padding: Any,
    _dilation: Any,
    transposed: bool,
    _output_padding: Any,
    _groups: int,
    wanted: tuple[bool, bool, bool],
    **_: Any,
) -> int:
    """The gradients of input and weight cost as many products as the forward pass, each.

    torch's own formula takes a grouped weight's gradient for a full one: `groups` times too much.
    """
    # mypy: conv_flop_count is written for lists, torch calls it with sizes as well
    return (wanted[0] + wanted[1]) * conv_flop_count(list(x), list(weight), list(grad), transposed=transposed)


FORMULAS = {torch.ops.aten.convolution_backward: conv_backward_flops}


POOLS = (
    torch.ops.aten.max_pool2d_with_indices,
    torch.ops.aten.max_pool3d_with_indices,
    torch.ops.aten.avg_pool2d,
    torch.ops.aten.avg_pool3d,
    torch.ops.aten._adaptive_avg_pool2d,
    torch.ops.aten._adaptive_avg_pool3d,
)


class ActivationMode(TorchDispatchMode):
    """Adds up the outputs of the operators that torch counts FLOPs of, and what those and the pools move; elements."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = self.moved = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        counts = func.overloadpacket in flop_registry
        if counts or func.overloadpacket in POOLS:
            # what is returned first is the output, before what the backward pass needs
            written = tree_leaves(out)[0].numel()
            self.elements += written * counts
            self.moved += written + sum(x.numel() for x in tree_leaves(args) if isinstance(x, Tensor))
        return out


@contextmanager
def in_mode(net: nn.Module, training: bool) -> Iterator[None]:
    """The net in train or eval mode, afterwards as it was.

    Batch norms are in eval mode always: they count nothing, and one sample has no statistics after a global pool.
    """
    before = {module: module.training for module in net.modules()}
    net.train(training)
    for module in before:
        if isinstance(module, _BatchNorm):
            module.eval()
    try:
        yield
    finally:
        for module, was in before.items():
            module.training = was


def check_meta(net: nn.Module, inputs: tuple[Any, ...]) -> None:
    """
    Raises:
        ValueError: a tensor has data: on a CPU torch fuses recurrent layers and attention, and counts none of them.
    """
    for tensor in (*net.parameters(), *net.buffers(), *tree_leaves(inputs)):
        if isinstance(tensor, Tensor) and not tensor.is_meta:
            name = type(net).__name__
            raise ValueError(f"nets are counted on the meta device, and a tensor of {name} is on {tensor.device}")


def count(net: nn.Module, *inputs: Any) -> Count:
    """
    Args:
        net: on the meta device; left in the mode that it is in, without gradients.
        inputs: what the net is called with, on the meta device: tensors, or lists of them. One sample for the cost of
            one.

    Raises:
        ValueError: net or inputs on another device.
    """
    check_meta(net, inputs)
    # torch's counter fails without gradients where a module is given a parameter, as timm's cait and pit do
    with in_mode(net, False), torch.enable_grad(), counter() as forward, ActivationMode() as activations:
        net(*fresh(inputs))
    with in_mode(net, True), torch.enable_grad(), counter() as step:
        # auxiliary heads are trained too
        answers = [out for out in tree_leaves(net(*fresh(inputs))) if isinstance(out, Tensor) and out.requires_grad]
        torch.autograd.backward([answer.sum() for answer in answers])
    net.zero_grad()
    params = sum(parameter.numel() for parameter in net.parameters())
    return Count(params, forward.get_total_flops(), step.get_total_flops(), activations.elements, activations.moved)


def fresh(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same tensors in new lists: some nets write into the list that they are given."""
    return tree_map(lambda leaf: leaf, inputs)


def counter() -> FlopCounterMode:
    return FlopCounterMode(display=False, custom_mapping=FORMULAS)
