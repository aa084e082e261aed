"""batch (N, ...), lengths, labels -> mixtures of its samples, and of their targets (N, K)."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Beta
from torch.nn import functional as F

from vggx.net import scaled
from vggx.options import Recipe


class Mixed(NamedTuple):
    """
    Attributes:
        x: (N, ...), the mixtures.
        lengths: (N,) of padded clips, else None.
        target: (N, K), the probability of each class, or the mixture of the numbers that stand for the samples.
    """

    x: Tensor
    lengths: Tensor | None
    target: Tensor


def mixed(x: Tensor, lengths: Tensor | None, labels: Tensor, classes: int, recipe: Recipe) -> Mixed:
    """By the recipe's mixup or cutmix; where it has both, a coin is thrown for each batch, as torchvision's does."""
    if recipe.cutmix and (not recipe.mixup or torch.rand(()) < 0.5):
        return cutmix(x, lengths, labels, classes, recipe.cutmix)
    return mixup(x, lengths, labels, classes, recipe.mixup)


# All is drawn on the CPU, whose random state a resumed run goes on from.


def mixup(x: Tensor, lengths: Tensor | None, labels: Tensor, classes: int, alpha: float) -> Mixed:
    """Mix every sample of a batch, and its label, with another of it; each has a share of its own.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", equation 2.

    Args:
        x: (N, ...) bytes or floats, which become floats.
        lengths: (N,) of padded clips; a mixture is as long as the longer of its two.
        labels: (N,) classes, or (N, K) zeros and ones, or numbers.
        classes: K.
        alpha: the shares are drawn from Beta(alpha, alpha).
    """
    share = Beta(alpha, alpha).sample((len(x),)).to(x.device)
    other = torch.randperm(len(x)).to(x.device)
    x = scaled(x)
    mixture = torch.lerp(x[other], x, share.view(-1, *(1,) * (x.ndim - 1)))
    longer = None if lengths is None else lengths.maximum(lengths[other])
    return Mixed(mixture, longer, shared(labels, other, share, classes))


def cutmix(x: Tensor, lengths: Tensor | None, labels: Tensor, classes: int, alpha: float) -> Mixed:
    """Put a box of another sample into every one of a batch, at its own place there; each has a box of its own.

    A box lies in the picture, in all frames of a clip alike; of sound, a waveform or its maps, it is a stretch of time,
    within what both clips have. Its share of the positions is drawn, and its centre uniformly; what is cut off at the
    border makes it smaller, and the label's share is that of the positions that it has in the end.

    Source: Yun et al., "CutMix", equations 1 and 2; torchvision.transforms.v2.CutMix, whose batch shares one box.

    Args:
        x: (N, C, H, W), (N, C, T, H, W), (N, samples) or (N, F, T).
        lengths, labels, classes: as of `mixup`; a mixture is as long as its own sample.
        alpha: the own sample's shares are drawn from Beta(alpha, alpha).
    """
    axes = x.shape[-2:] if x.ndim > 3 else x.shape[-1:]
    other = torch.randperm(len(x))
    part = (1 - Beta(alpha, alpha).sample((len(x),))) ** (1 / len(axes))  # of the box, along an axis
    cut, inside = torch.ones(len(x)), torch.ones((len(x), *(1,) * (x.ndim - 1)), dtype=torch.bool, device=x.device)
    for axis, size in enumerate(axes, x.ndim - len(axes)):
        whole = torch.full((len(x),), size) if lengths is None else lengths.cpu()
        room = whole.minimum(whole[other])
        centre, half = (torch.rand(len(x)) * room).long(), (part * whole / 2).long()
        first, last = (centre - half).clamp(min=0), (centre + half).minimum(room)
        cut *= (last - first) / whole
        at, bounds = torch.arange(size, device=x.device), torch.stack([first, last]).to(x.device)[..., None]
        along = (at >= bounds[0]) & (at < bounds[1])
        inside = inside & along.view(len(x), *(size if axis == each else 1 for each in range(1, x.ndim)))
    other, share = other.to(x.device), (1 - cut).to(x.device)
    return Mixed(torch.where(inside, x[other], x), lengths, shared(labels, other, share, classes))


def shared(labels: Tensor, other: Tensor, share: Tensor, classes: int) -> Tensor:
    """(N,) or (N, K), (N,) numbers of the other samples, (N,) the own labels' shares -> (N, K)"""
    target = F.one_hot(labels, classes).float() if labels.ndim == 1 else labels
    return torch.lerp(target[other], target, share[:, None])
