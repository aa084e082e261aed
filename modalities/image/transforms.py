"""(C, H, W) bytes -> (C, size, size) bytes: torchvision.transforms.v2 for training and evaluation."""

from collections.abc import Callable

from torch import Tensor
from torchvision.transforms import v2

from modalities.image.options import Data


def image_transform(options: Data, train: bool) -> Callable[[Tensor], Tensor]:
    """A random crop of the image's area and a mirror image in training; a centre crop in evaluation."""
    size = options.size
    if not train:
        resize = options.resize or round(size * 8 / 7)
        if resize < size:
            raise ValueError(f"modality.data.resize={resize} is smaller than modality.data.size={size}")
        return v2.Compose([v2.Resize(resize, antialias=True), v2.CenterCrop(size)])
    low, high = options.crop_scale
    if not 0 < low <= high <= 1:
        raise ValueError(f"modality.data.crop_scale must be 0 < least <= greatest <= 1, got {options.crop_scale}")
    steps: list[Callable] = [v2.RandomResizedCrop(size, scale=(low, high), antialias=True)]
    if options.flip:
        steps.append(v2.RandomHorizontalFlip())
    return v2.Compose(steps)
