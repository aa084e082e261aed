"""which stretch of a file a clip is; the front-end is a part of the net."""

import torch
from torchvision.tv_tensors import Mask


def clip_start(length: int, clip: int, view: int, views: int, train: bool) -> int:
    """First sample of a clip: random in training, evenly spread in evaluation, one alone in the middle."""
    room = max(0, length - clip)
    if train:
        return int(torch.randint(room + 1, ())) if room else 0
    return room // 2 if views == 1 else room * view // (views - 1)


def stretch(mask: torch.Tensor, start: float, end: float) -> Mask:
    """(T,) along a whole -> (T',): the part from one share of it to another, a step at least."""
    first = min(round(start * len(mask)), len(mask) - 1)
    return Mask(mask[first : max(first + 1, round(end * len(mask)))])
