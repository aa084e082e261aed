"""(T, 3, H, W) bytes -> (3, T, size, size) bytes: one draw of crop and mirror for all frames of a clip."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from modalities.video.options import Data
from vggx.data.crops import centre_crop, training_crop
from vggx.options import given


@dataclass(frozen=True)
class ClipTransform:
    """The frames' transform, then time behind the channels."""

    frames: Callable[[Tensor], Tensor]

    def __call__(self, clip: Tensor) -> Tensor:
        return self.frames(clip).permute(1, 0, 2, 3).contiguous()


def clip_transform(options: Data, train: bool) -> ClipTransform:
    """A random crop of the frame's area and a mirror image in training; a centre crop in evaluation."""
    size = given(options.size, "size")
    if train:
        scale = given(options.crop_scale, "crop_scale")
        return ClipTransform(training_crop(size, scale, bool(options.flip)))
    return ClipTransform(centre_crop(size, options.resize))
