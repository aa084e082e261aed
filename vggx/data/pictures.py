"""(..., C, H, W) bytes -> (..., C, size, size) bytes: what training does to pictures, one draw for all leading axes."""

from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import v2

from vggx.data.colours import colour_shift
from vggx.data.crops import ShortSideCrop, training_crop
from vggx.data.statistics import moments
from vggx.net import scaled
from vggx.options import PictureOptions, given


def training_steps(options: PictureOptions, size: int) -> list[Callable[[Tensor], Tensor]]:
    """A random crop, a mirror image and a change of colour, as the options say.

    Raises:
        ValueError: an option out of range, by its full name.
    """
    if options.colour is not None and not 0 <= options.colour <= 1:
        raise ValueError(f"modality.data.colour={options.colour} must lie in 0..1; 0 is off")
    steps: list[Callable[[Tensor], Tensor]]
    if options.short_side:
        steps = [ShortSideCrop(size, options.short_side)]
    else:
        steps = [training_crop(size, given(options.crop_scale, "crop_scale"))]
    if options.flip:
        steps.append(v2.RandomHorizontalFlip())
    if options.colour:
        steps.append(v2.ColorJitter(options.colour, options.colour, options.colour))
    return steps


def shifted(pictures: Tensor, options: PictureOptions) -> tuple[Tensor, str]:
    """(N, C, *S) bytes -> bytes whose colours are shifted as training does it, to be looked at, and a note on them.

    Where the covariance is still to be measured, these pictures' own stands for it.
    """
    same = [1.0] * pictures.shape[1]
    shift = colour_shift(options, pictures.shape[1], same)
    if shift is None:
        return pictures, ""
    x = scaled(pictures)
    if options.rgb_covariance is None:
        shift.adapt(moments([x]).covariance, same)
    note = "; colours shifted" + (", by the covariance of these alone" if options.rgb_covariance is None else "")
    return (shift(x).clamp(0, 1) * 255).round().to(torch.uint8), note
