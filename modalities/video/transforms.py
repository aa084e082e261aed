"""(T, 3, H, W) bytes -> (3, T, size, size) bytes: one draw of crop, mirror and colour for all frames of a clip."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor
from torchvision.transforms import v2

from modalities.video.options import Data
from vggx.data.crops import ShortSideCrop, even_crops, training_crop
from vggx.options import given


@dataclass(frozen=True)
class ClipTransform:
    """The frames' transform, one for each crop of a clip, then time behind the channels."""

    crops: Sequence[Callable[[Tensor], Tensor]]

    def __call__(self, clip: Tensor, crop: int = 0) -> Tensor:
        return self.crops[crop](clip).permute(1, 0, 2, 3).contiguous()


def clip_transform(options: Data, train: bool) -> ClipTransform:
    """A random crop, mirror image and change of colour in training; `crops` fixed crops in evaluation.

    Raises:
        ValueError: an option out of range, by its full name.
    """
    size = given(options.size, "size")
    if not train:
        return ClipTransform(even_crops(size, options.resize, options.crops))
    if not 0 <= options.colour <= 1:
        raise ValueError(f"modality.data.colour={options.colour} must lie in 0..1; 0 is off")
    if options.short_side is None:
        steps = [training_crop(size, given(options.crop_scale, "crop_scale"), flip=False)]
    else:
        steps = [ShortSideCrop(size, options.short_side)]
    if options.flip:
        steps.append(v2.RandomHorizontalFlip())
    if options.colour:
        steps.append(v2.ColorJitter(options.colour, options.colour, options.colour))
    return ClipTransform([v2.Compose(steps)])
