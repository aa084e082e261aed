"""(C, H, W) bytes -> (C, size, size) bytes."""

from collections.abc import Callable

from torch import Tensor

from modalities.image.options import Data
from vggx.data.crops import centre_crop, training_crop
from vggx.options import given


def image_transform(options: Data, train: bool) -> Callable[[Tensor], Tensor]:
    """A random crop of the image's area and a mirror image in training; a centre crop in evaluation."""
    size = given(options.size, "size")
    if train:
        return training_crop(size, given(options.crop_scale, "crop_scale"), bool(options.flip))
    return centre_crop(size, options.resize)
