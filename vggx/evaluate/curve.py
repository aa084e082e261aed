"""the scores of every file's views -> accuracy against how many of them are averaged, and what those cost."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

DRAWS = 50
MOST = 40  # points of the curve


def counts(views: int) -> list[int]:
    """1 to all of the views: every number of them, or `MOST` at most, ever farther apart."""
    if views <= MOST:
        return list(range(1, views + 1))
    return sorted({round(views ** (place / (MOST - 1))) for place in range(MOST)})


def curve(views: Sequence[Tensor], labels: Tensor, macs_of_view: float, seed: int = 0) -> list[dict[str, Any]]:
    """A row for each number of views: {views, accuracy, low, high, macs}.

    Which views of a file are averaged is drawn, `DRAWS` times, for each file by itself; `accuracy` is the mean over the
    draws, `low` and `high` are the least and greatest. With all views there is nothing to draw.

    Args:
        views: (V, K) of each file; of files with more views than others the first ones.
        labels: (F,)
        macs_of_view: of one view, on average.

    Raises:
        ValueError: a file of one view.
    """
    least = min(len(scores) for scores in views)
    if least < 2:
        raise ValueError("a curve of views wants two views of every file or more: add clips, crops, scales or flip")
    scores = torch.stack([part[:least] for part in views])
    generator = torch.Generator().manual_seed(seed)
    numbers = counts(least)
    found = []
    for _ in range(DRAWS):
        order = torch.rand(scores.shape[:2], generator=generator).argsort(1)
        # the sums of the first n views have the top classes of their means
        sums = scores.gather(1, order[..., None].expand_as(scores)).cumsum(1)
        hits = sums[:, [number - 1 for number in numbers]].argmax(2) == labels[:, None]
        found.append(hits.double().mean(0))
    means, lows, highs = torch.stack(found).mean(0), torch.stack(found).amin(0), torch.stack(found).amax(0)
    return [
        {"views": n, "accuracy": mean.item(), "low": low.item(), "high": high.item(), "macs": round(n * macs_of_view)}
        for n, mean, low, high in zip(numbers, means, lows, highs, strict=True)
    ]
