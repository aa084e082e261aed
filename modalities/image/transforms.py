"""(C, H, W) bytes -> (C, size, size) bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from modalities.image.options import Data
from vggx.data.crops import centre_crop
from vggx.data.pictures import training_steps
from vggx.options import given

MAGNITUDES = 31  # RandAugment's: 0 is least, 30 greatest


def image_transform(options: Data, train: bool) -> Callable[[Tensor], Tensor]:
    """In training a random crop, a mirror image, other colours, a turn and RandAugment, in this order; in evaluation a
    centre crop.

    Raises:
        ValueError: an option out of range, by its full name.
    """
    size = given(options.size, "size")
    if not train:
        return centre_crop(size, options.resize)
    steps = training_steps(options, size)
    if options.rotation is not None and not 0 <= options.rotation <= 180:
        raise ValueError(f"modality.data.rotation={options.rotation} must lie in 0..180 degrees; 0 is off")
    if options.rotation:
        steps.append(v2.RandomRotation(options.rotation, InterpolationMode.BILINEAR))
    if options.rand_augment:
        steps.append(rand_augment(options.rand_augment))
    return v2.Compose(steps)


def rand_augment(chosen: list[int]) -> Callable[[Tensor], Tensor]:
    """So many operations, drawn for each picture, of this magnitude.

    Raises:
        ValueError: not [operations, magnitude].
    """
    operations, magnitude = chosen if len(chosen) == 2 else (0, 0)
    if operations < 1 or not 0 <= magnitude < MAGNITUDES:
        raise ValueError(
            f"modality.data.rand_augment={chosen} must be [operations, magnitude], 1 or more and 0..{MAGNITUDES - 1}; "
            "[] is off"
        )
    return OfPictures(v2.RandAugment(operations, magnitude, MAGNITUDES, InterpolationMode.BILINEAR), chosen)


@dataclass(frozen=True)
class OfPictures:
    """RandAugment, which moves a picture in ways that torchvision has for no mask."""

    change: Callable[[Tensor], Tensor]
    chosen: list[int]

    def __call__(self, *inputs: Tensor) -> Tensor:
        if len(inputs) > 1:
            raise ValueError(
                f"modality.data.rand_augment={self.chosen} cannot move a mask with its picture: [] is off; crop_scale, "
                "flip and rotation can"
            )
        return self.change(inputs[0])
