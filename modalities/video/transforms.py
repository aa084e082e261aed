"""(T, 3, H, W) bytes -> (3, T, size, size) bytes: one draw of crop, mirror and colour for all frames of a clip."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torchvision.transforms import v2

from modalities.video.options import Data
from vggx.data.crops import even_crops, jointly
from vggx.data.pictures import training_steps
from vggx.options import given


@dataclass(frozen=True)
class ClipTransform:
    """The frames' transform, one for each crop of a clip, then time behind the channels; a mask (T, H, W) likewise."""

    crops: Sequence[Callable[..., Any]]

    def __call__(self, clip: Tensor, crop: int = 0) -> Tensor:
        return self.both(clip, None, crop)[0]

    def both(self, clip: Tensor, target: Any, crop: int = 0) -> tuple[Tensor, Any]:
        frames, target = jointly(self.crops[crop], clip, target)
        return frames.permute(1, 0, 2, 3).contiguous(), target


@dataclass(frozen=True)
class WholeFrames:
    """(T, 3, H, W) bytes -> [(3, T, H', W') bytes, ...]: the frames uncropped, at every size, in place of a crop."""

    scale: Callable[[Tensor], list[Tensor]]

    def __call__(self, clip: Tensor, crop: int = 0) -> list[Tensor]:
        return [frames.permute(1, 0, 2, 3).contiguous() for frames in self.scale(clip)]

    def both(self, clip: Tensor, target: Any, crop: int = 0) -> tuple[list[Tensor], Any]:
        return self(clip, crop), target


def clip_transform(options: Data, train: bool) -> ClipTransform:
    """A random crop, mirror image and change of colour in training; `crops` fixed crops in evaluation.

    Raises:
        ValueError: an option out of range, by its full name.
    """
    size = given(options.size, "size")
    if not train:
        return ClipTransform(even_crops(size, options.resize, options.crops))
    return ClipTransform([v2.Compose(training_steps(options, size))])
