"""dims -> torch's layers for 1, 2 or 3 spatial axes; the only file that says 1d, 2d or 3d.

Shape legend, used in every docstring of the project:

    N  batch          C  channels       K  classes
    *S the spatial axes: (T,) in dims 1, (H, W) in dims 2, (T, H, W) in dims 3
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vggx.dims import product

Layers = dict[int, Callable[..., nn.Module]]


class Product(nn.modules.conv._ConvNd):
    """(N, C, *S) -> (N, width, *(S - kernel + 1)): a convolution, as one matrix product where it is no more than one.

    That is where its kernel is as large as the map, or 1 and the channels of the map lie behind. torch has both
    computed as convolutions, for which libraries bring a classifier's many weights into another order at every step.
    """

    def forward(self, x: Tensor) -> Tensor:
        positions = x.movedim(1, -1)
        if product(self.kernel_size) == 1 and positions.is_contiguous():
            return F.linear(positions, self.weight.flatten(1), self.bias).movedim(-1, 1)
        if x.shape[2:] == self.kernel_size:
            return F.linear(x.flatten(1), self.weight.flatten(1), self.bias)[(..., *(None,) * (x.ndim - 2))]
        return super().forward(x)


class Product1d(Product, nn.Conv1d): ...


class Product2d(Product, nn.Conv2d): ...


class Product3d(Product, nn.Conv3d): ...


CONV: Layers = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
PRODUCT: Layers = {1: Product1d, 2: Product2d, 3: Product3d}  # without padding or stride
BATCH_NORM: Layers = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOL: dict[str, Layers] = {
    "max": {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d},
    "average": {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d},
}
ADAPTIVE_AVERAGE: dict[int, Callable[..., Tensor]] = {
    1: F.adaptive_avg_pool1d,
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}
CHANNELS_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}


class Pad(nn.Module):
    """(N, C, *S) -> (N, C, *(S + before + behind)): what a layer sees beyond the border, where torch's own padding
    cannot say it: copies of the border along some axes alone, or more on one end than on the other.

    Args:
        pads: (before, behind) of every axis.
        mode: "replicate", "zeros", or "lowest", which no max pool takes.
    """

    VALUES: ClassVar[dict[str, float]] = {"zeros": 0.0, "lowest": float("-inf")}

    def __init__(self, pads: Sequence[tuple[int, int]], mode: str):
        super().__init__()
        # F.pad counts axes from the last one
        self.sizes = [side for axis in reversed(pads) for side in axis]
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "replicate":
            return F.pad(x, self.sizes, mode="replicate")
        return F.pad(x, self.sizes, value=self.VALUES[self.mode])


def channels_behind(x: Tensor) -> Tensor:
    """The same values, with those of a position side by side in memory."""
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


def pool_up(x: Tensor, grid: Sequence[int]) -> Tensor:
    """(N, C, *S) -> (N, C, *max(S, grid)): an axis shorter than the grid is adaptively average-pooled up to it.

    torchvision pools every axis to the grid, up or down; here an axis at or above it stays as it is.
    """
    size = x.shape[2:]
    target = tuple(max(have, want) for have, want in zip(size, grid, strict=True))
    return x if target == tuple(size) else ADAPTIVE_AVERAGE[len(target)](x, target)


def mean_over_axes(x: Tensor, valid: Tensor | None = None) -> Tensor:
    """(N, C, *S) -> (N, C), over the valid positions of the first axis."""
    if valid is None:
        return x.flatten(2).mean(2)
    steps = x.flatten(3).mean(3) if x.ndim > 3 else x
    return zero_padding(steps, valid).sum(2) / valid.sum(1, keepdim=True).to(x.dtype)


def valid_steps(lengths: Tensor, size: int) -> Tensor:
    """(N,) -> (N, size): which positions of the first spatial axis are input; those from its length on are padding."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def valid_after(valid: Tensor | None, kernel: int, stride: int, pads: int = 0) -> Tensor | None:
    """(N, T) -> (N, (T + pads - kernel) // stride + 1): as many windows as the clip alone has, so L becomes L // s.

    Args:
        kernel: positions from the first to the last of a window.
        pads: before and behind the clip, together.
    """
    if valid is None or (stride == 1 and pads == kernel - 1):
        return valid
    if not pads:
        return valid[:, kernel - 1 :: stride]
    return valid_steps((valid.sum(1) + pads - kernel) // stride + 1, (valid.shape[1] + pads - kernel) // stride + 1)


def zero_padding(x: Tensor, valid: Tensor | None) -> Tensor:
    """(N, C, T, ...), (N, T) -> the same, 0 where not valid: what a convolution sees beyond a clip's end."""
    return x if valid is None else x.masked_fill(~valid.view(len(valid), 1, -1, *(1,) * (x.ndim - 3)), 0)


def on_valid(layer: nn.Module, x: Tensor, valid: Tensor) -> Tensor:
    """(N, C, T, ...), (N, T) -> the same, 0 where not valid: the layer sees the valid steps alone, as one long clip.

    So the statistics of a batch norm in training are those of the clips, and not of what pads them.
    """
    steps = x.movedim(1, -1)
    seen = layer(steps[valid].movedim(-1, 0)[None])
    made = seen.new_zeros(steps.shape)
    made[valid] = seen[0].movedim(0, -1)
    return made.movedim(-1, 1)


def channels_last(module: nn.Module, dims: int) -> nn.Module:
    """The module with its kernels in channels-last order; torch has no such order in dims 1, which stays as it is.

    A classifier's kernels stay, too: as matrix products they gain nothing by it, and a fused optimiser's step copies
    what is in another order than the usual.
    """
    for layer in module.modules():
        if dims in CHANNELS_LAST and isinstance(layer, nn.modules.conv._ConvNd) and not isinstance(layer, Product):
            layer.to(memory_format=CHANNELS_LAST[dims])
    return module


def named(module: nn.Module, layer: str) -> nn.Module:
    """The module, carrying the name of the layer that it is; see `layer_keys`."""
    module.layer_name = layer  # type: ignore[assignment]
    return module


def layer_modules(module: nn.Module) -> dict[str, Any]:
    """{name of a layer: the module that carries it}"""
    return {str(each.layer_name): each for each in module.modules() if hasattr(each, "layer_name")}


def layer_keys(module: nn.Module, prefix: str = "") -> dict[str, str]:
    """{key of the state dict: conv3_3.weight, conv3_3.norm.bias, ...}: a layer's name, and what of it the tensor is.

    A tensor belongs to the innermost module around it that carries a layer's name.
    """
    keys: dict[str, str] = {}
    owners = {name: str(each.layer_name) for name, each in module.named_modules() if hasattr(each, "layer_name")}
    for key in module.state_dict():
        owner = max((name for name in owners if name == "" or key.startswith(f"{name}.")), key=len, default=None)
        assert owner is not None, f"no module around {key} carries a layer's name"
        keys[f"{prefix}{key}"] = f"{owners[owner]}.{key.removeprefix(owner).removeprefix('.')}"
    return keys
