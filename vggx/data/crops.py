"""(..., C, H, W) bytes -> (..., C, size, size) bytes: torchvision.transforms.v2, one draw for all leading axes.

A mask (..., H, W), `torchvision.tv_tensors.Mask`, goes through the same crop as its picture: `jointly`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F
from torchvision.tv_tensors import Mask

from vggx.data.listing import BadFile
from vggx.options import evaluated_side

SLENDEST = 100


def even_places(room: int, count: int) -> list[int]:
    """`count` places from 0 to `room`, evenly spread; one alone is the middle."""
    return [round(room * place / (count - 1)) if count > 1 else round(room / 2) for place in range(count)]


def check_shape(path: str, width: int, height: int) -> None:
    """Refuse a picture so thin that resizing its short side makes it far larger than its header says.

    Raises:
        BadFile: naming the sides.
    """
    if max(width, height) > SLENDEST * min(width, height):
        raise BadFile(f"{path}: {width} x {height} is more than {SLENDEST} times as long as wide")


def check_mask(name: str, picture: Tensor, target: Any) -> None:
    """
    Raises:
        BadFile: a mask of another height or width than its picture, (..., H, W).
    """
    if isinstance(target, Mask) and target.shape[-2:] != picture.shape[-2:]:
        sizes = (" x ".join(map(str, tuple(x.shape[-2:])[::-1])) for x in (target, picture))
        raise BadFile(f"{name}: its mask is {next(sizes)} pixels, the picture is {next(sizes)}")


def training_crop(size: int, scale: Sequence[float]) -> Callable[[Tensor], Tensor]:
    """A random share of the picture's area at a random place, resized to `size`.

    A share of exactly 1 is the centre at its full short side.

    Raises:
        ValueError: a scale that is not 0 < least <= greatest <= 1.
    """
    low, high = scale if len(scale) == 2 else (0.0, 0.0)
    if not 0 < low <= high <= 1:
        raise ValueError(f"modality.data.crop_scale must be 0 < least <= greatest <= 1, got {list(scale)}")
    whole = low == high == 1
    return centre_crop(size, size) if whole else v2.RandomResizedCrop(size, scale=(low, high), antialias=True)


def centre_crop(size: int, resize: int | None) -> Callable[[Tensor], Tensor]:
    """The short side resized to `resize` (8/7 of `size` where None: 256 for 224), then the centre.

    Raises:
        ValueError: `resize` is smaller than `size`.
    """
    return even_crops(size, resize, 1)[0]


def even_crops(size: int, resize: int | None, crops: int) -> list[Callable[[Tensor], Tensor]]:
    """The short side resized as by `centre_crop`, then one of `crops` squares, evenly spread along the longer side.

    Three are its start, middle and end; one alone is the middle. Across the shorter side all are in the middle.

    Raises:
        ValueError: `resize` is smaller than `size`, or no crops.
    """
    short = evaluated_side(size, resize)
    if short < size:
        raise ValueError(f"modality.data.resize={short} is smaller than modality.data.size={size}")
    if crops < 1:
        raise ValueError(f"modality.data.crops must be 1 or more, not {crops}")
    return [v2.Compose([v2.Resize(short, antialias=True), CropAlong(size, crop, crops)]) for crop in range(crops)]


@dataclass(frozen=True)
class CropAlong:
    """The square of `size` with this number, of `crops` along the longer side, in the middle of the shorter one."""

    size: int
    crop: int
    crops: int

    def __call__(self, *inputs: Tensor) -> Any:
        down, right = (side - self.size for side in inputs[0].shape[-2:])
        along, across = even_places(max(down, right), self.crops)[self.crop], even_places(min(down, right), 1)[0]
        top, left = (along, across) if down > right else (across, along)
        return each(inputs, lambda x: F.crop(x, top, left, self.size, self.size))


@dataclass(frozen=True)
class ShortSideCrop:
    """A random square of `size` of the picture whose short side is scaled to a random length, `least` to `greatest`.

    These are torchvision's RandomShortestSize and RandomCrop in the other order: what is not kept is not resized.
    (One after the other they fail where the former rounds the short side down to less than the crop.)

    Raises:
        ValueError: a range that is not `size` <= least <= greatest.
    """

    size: int
    short_side: Sequence[int]

    def __post_init__(self) -> None:
        low, high = self.short_side if len(self.short_side) == 2 else (0, 0)
        if not self.size <= low <= high:
            raise ValueError(
                f"modality.data.short_side must be modality.data.size={self.size} <= least <= greatest, "
                f"got {list(self.short_side)}"
            )

    def __call__(self, *inputs: Tensor) -> Any:
        height, width = inputs[0].shape[-2:]
        low, high = self.short_side
        short = int(torch.randint(low, high + 1, ()))
        side = max(1, round(self.size * min(height, width) / short))
        top, left = (int(torch.randint(whole - side + 1, ())) for whole in (height, width))
        size = [self.size, self.size]
        return each(inputs, lambda x: F.resized_crop(x, top, left, side, side, size, antialias=True))


def each(inputs: Sequence[Tensor], change: Callable[[Tensor], Tensor]) -> Any:
    """One changed alone, or all of several, as torchvision's transforms give them."""
    return change(inputs[0]) if len(inputs) == 1 else tuple(map(change, inputs))


def jointly(transform: Callable[..., Any], x: Tensor, target: Any) -> tuple[Any, Any]:
    """A picture and its target, transformed: a mask by the same draw, anything else stays as it is."""
    return transform(x, target) if isinstance(target, Mask) else (transform(x), target)


@dataclass(frozen=True)
class ShortSides:
    """(..., H, W) -> the same picture with its short side at each of `sizes`, the longer one in proportion."""

    sizes: Sequence[int]

    def __call__(self, x: Tensor) -> list[Tensor]:
        return [F.resize(x, [size], antialias=True) for size in self.sizes]
