"""dims -> torch's layers for 1, 2 or 3 spatial axes; the only file that says 1d, 2d or 3d.

Shape legend, used in every docstring of the project:

    N  batch          C  channels       K  classes
    *S the spatial axes: (T,) in dims 1, (H, W) in dims 2, (T, H, W) in dims 3
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
MAX_POOL: Layers = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
ADAPTIVE_AVERAGE: dict[int, Callable[..., Tensor]] = {
    1: F.adaptive_avg_pool1d,
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}
AXES = {1: ("time",), 2: ("height", "width"), 3: ("time", "height", "width")}
CHANNELS_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}
PADDING = ("zeros", "replicate")


def check_dims(dims: int) -> None:
    if dims not in CONV:
        raise ValueError(f"dims must be 1, 2 or 3, not {dims!r}")


def per_axis(value: int | Sequence[int], dims: int) -> tuple[int, ...]:
    """An int for all axes, or one value per axis, as a tuple of length `dims`."""
    values = (value,) * dims if isinstance(value, int) else tuple(value)
    if len(values) != dims:
        raise ValueError(f"{dims} spatial axes need {dims} values, one for each of {AXES[dims]}: got {values}")
    return values


def paddings(padding: str | Sequence[str], dims: int) -> tuple[str, ...]:
    """A word of `PADDING` for all axes, or one per axis, as a tuple of length `dims`."""
    modes = (padding,) * dims if isinstance(padding, str) else tuple(padding)
    if len(modes) != dims or any(mode not in PADDING for mode in modes):
        raise ValueError(f"padding must be one of {PADDING}, for all axes or one for each of {AXES[dims]}: {modes}")
    return modes


class ReplicatePad(nn.Module):
    """(N, C, *S) -> (N, C, *(S + 2 pad)): repeats the border values along the axes with pad > 0.

    It stands before a convolution because torch's own `padding_mode` pads all axes alike, and a video net may
    want its time axis replicated while its image axes stay zero-padded.
    """

    def __init__(self, pad: Sequence[int]):
        super().__init__()
        # F.pad counts axes from the last one
        self.sizes = [side for axis in reversed(pad) for side in (axis, axis)]

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.sizes, mode="replicate")


def odd_sizes(kernel: int | Sequence[int], dims: int) -> tuple[int, ...]:
    """A kernel's size on every axis.

    Raises:
        ValueError: an even one, which cannot keep the size of the map.
    """
    sizes = per_axis(kernel, dims)
    if any(size < 1 or size % 2 == 0 for size in sizes):
        raise ValueError(f"kernels must be odd to keep the size of the map, got {sizes}")
    return sizes


def conv(
    dims: int, in_channels: int, width: int, kernel: int | Sequence[int], padding: str | Sequence[str], *, bias: bool
) -> list[tuple[str, nn.Module]]:
    """The named layers of a convolution that keeps the size of every axis: [("pad", ...)], ("conv", ...).

    Raises:
        ValueError: as `odd_sizes`, or an unknown padding.
    """
    check_dims(dims)
    kernels, modes = odd_sizes(kernel, dims), paddings(padding, dims)
    zeros = tuple(size // 2 if mode == "zeros" else 0 for size, mode in zip(kernels, modes, strict=True))
    copies = tuple(size // 2 if mode == "replicate" else 0 for size, mode in zip(kernels, modes, strict=True))
    layer = CONV[dims](in_channels, width, kernels, padding=zeros, bias=bias)
    return [("pad", ReplicatePad(copies)), ("conv", layer)] if any(copies) else [("conv", layer)]


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


def valid_after(valid: Tensor | None, kernel: int, stride: int) -> Tensor | None:
    """(N, T) -> (N, (T - kernel) // stride + 1): a window is valid if its last position is, so L becomes L // s."""
    return None if valid is None else valid[:, kernel - 1 :: stride]


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


def product(values: Iterable[int]) -> int:
    result = 1
    for value in values:
        result *= value
    return result
