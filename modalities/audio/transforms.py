"""(samples,) -> (samples,) of a clip's length: cut and pad; the front-end is a part of the net."""

import torch
from torch import Tensor
from torch.nn import functional as F


def clip_start(length: int, clip: int, view: int, views: int, train: bool) -> int:
    """First sample of a clip: random in training, evenly spread in evaluation, one alone in the middle."""
    room = max(0, length - clip)
    if train:
        return int(torch.randint(room + 1, ()))
    return room // 2 if views == 1 else room * view // (views - 1)


def fit(x: Tensor, length: int) -> Tensor:
    """(samples,) -> (length,): a longer one is cut, a shorter one padded with silence at its end."""
    return F.pad(x[:length], (0, max(0, length - len(x))))
