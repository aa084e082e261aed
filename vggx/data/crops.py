"""(..., C, H, W) bytes -> (..., C, size, size) bytes: torchvision.transforms.v2, one draw for all leading axes."""

from collections.abc import Callable, Sequence

from torch import Tensor
from torchvision.transforms import v2


def training_crop(size: int, scale: Sequence[float], flip: bool) -> Callable[[Tensor], Tensor]:
    """A random share of the picture's area at a random place, resized to `size`; half of them mirrored if `flip`.

    A share of exactly 1 is the centre at its full short side.

    Raises:
        ValueError: a scale that is not 0 < least <= greatest <= 1.
    """
    low, high = scale if len(scale) == 2 else (0.0, 0.0)
    if not 0 < low <= high <= 1:
        raise ValueError(f"modality.data.crop_scale must be 0 < least <= greatest <= 1, got {list(scale)}")
    whole = low == high == 1
    crop = centre_crop(size, size) if whole else v2.RandomResizedCrop(size, scale=(low, high), antialias=True)
    return v2.Compose([crop, v2.RandomHorizontalFlip()]) if flip else crop


def centre_crop(size: int, resize: int | None) -> Callable[[Tensor], Tensor]:
    """The short side resized to `resize` (8/7 of `size` where None: 256 for 224), then the centre.

    Raises:
        ValueError: `resize` is smaller than `size`.
    """
    short = round(size * 8 / 7) if resize is None else resize
    if short < size:
        raise ValueError(f"modality.data.resize={resize} is smaller than modality.data.size={size}")
    return v2.Compose([v2.Resize(short, antialias=True), v2.CenterCrop(size)])
