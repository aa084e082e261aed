"""which stretch of a file a clip is; the front-end is a part of the net."""

import torch


def clip_start(length: int, clip: int, view: int, views: int, train: bool) -> int:
    """First sample of a clip: random in training, evenly spread in evaluation, one alone in the middle."""
    room = max(0, length - clip)
    if train:
        return int(torch.randint(room + 1, ())) if room else 0
    return room // 2 if views == 1 else room * view // (views - 1)
