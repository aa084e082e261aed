"""(N, 3, *S) normalised -> the same in other colours: AlexNet's shift along the principal components of RGB.

Every sample has P (alpha lambda) added to all its pixels: P and lambda are eigenvectors and eigenvalues of the
covariance of the training split's RGB values, alpha three draws from N(0, std) (Krizhevsky, Sutskever, Hinton 2012,
section 4.1). The formula fits one scale alone, since eigenvalues grow with the square of the values: it is followed for
values of 0..1, as fb.resnet.torch, ChainerCV and Tensorpack do. There ImageNet's lambda are 0.2175, 0.0188 and 0.0045,
and a std of 0.1 moves a picture by 5.5 of 255 grey levels along the first component. For values of 0..255 it would be
1,400.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vggx.options import PictureOptions

Matrix = npt.NDArray[np.float64]


def principal_colours(covariance: Sequence[Sequence[float]]) -> tuple[Matrix, Matrix]:
    """A covariance (3, 3) -> its eigenvalues (3,), the greatest first, and as columns (3, 3) their eigenvectors.

    An eigenvector has either sign; here red, or else the first channel that is not 0, is positive.

    Raises:
        ValueError: not a covariance of three channels.
    """
    try:
        matrix = np.array(covariance, np.float64)
    except ValueError:  # rows of different lengths
        matrix = np.empty(0)
    tolerance = 1e-6 * np.abs(matrix).max(initial=0.0)
    if matrix.shape != (3, 3) or np.abs(matrix - matrix.T).max() > tolerance:
        raise ValueError(f"modality.data.rgb_covariance must be 3 x 3 and symmetric, not {covariance}")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -tolerance:
        raise ValueError(
            f"modality.data.rgb_covariance={covariance} is no covariance: one of its variances is negative"
        )
    vectors = vectors * np.sign(vectors[np.argmax(vectors != 0, axis=0), range(3)])
    return values.clip(min=0)[::-1].copy(), vectors[:, ::-1].copy()


class ColourShift(nn.Module):
    """(N, 3, *S) normalised -> the same, every sample with a shift of its own; in training mode alone.

    Nothing is shifted until `adapt` has said what the colours are. None of it is kept with the weights.

    Args:
        std: of alpha.
    """

    spread: Tensor

    def __init__(self, std: float):
        super().__init__()
        self.std = std
        self.register_buffer("spread", torch.zeros(3, 3), persistent=False)

    def adapt(self, covariance: Sequence[Sequence[float]], std: Sequence[float]) -> None:
        """Go by the covariance of values of 0..1, in a net that divides them by these standard deviations."""
        values, vectors = principal_colours(covariance)
        spread = self.std * vectors * values / np.array(std)[:, None]
        self.spread.copy_(torch.from_numpy(spread))

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        if not self.training:
            return x
        # on the device and not as a product of matrices, which autocast would round
        shift = (torch.randn(len(x), 1, 3, device=x.device) * self.spread).sum(2)
        return x + shift.view(len(x), 3, *(1,) * (x.ndim - 2))


def colour_shift(options: PictureOptions, channels: int, std: Sequence[float]) -> ColourShift | None:
    """The shift that the options ask for, in a net that divides its channels by `std`; None where they ask for none.

    Raises:
        ValueError: grey pictures, a negative deviation, or as `principal_colours`.
    """
    if not options.colour_shift:
        return None
    if not options.colour_shift > 0:
        raise ValueError(f"modality.data.colour_shift={options.colour_shift} must be positive; 0 is off")
    if channels != 3:
        raise ValueError(
            f"modality.data.colour_shift={options.colour_shift} moves RGB colours, and grey pictures, "
            f"modality.data.channels={channels}, have none: take modality.data.colour_shift=0 or channels=3"
        )
    shift = ColourShift(options.colour_shift)
    if options.rgb_covariance is not None:
        shift.adapt(options.rgb_covariance, std)
    return shift
