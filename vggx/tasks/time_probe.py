"""(N, C, T, *S) -> accuracy on the clips as they are, shuffled, reversed and still: does a net see motion or frames?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vggx.data.batch import Batch
from vggx.data.seeds import derive
from vggx.options import Modality
from vggx.tasks.predictions import measures, wilson_interval

AS_THEY_ARE = "as they are"


def shuffled(frames: int, seed: int) -> Tensor:
    """A permutation; of two frames or more never the one that leaves all in their places."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(frames, generator=generator)
        if frames < 2 or not order.equal(torch.arange(frames)):
            return order


def backwards(frames: int, seed: int) -> Tensor:
    return torch.arange(frames).flip(0)


def middle(frames: int, seed: int) -> Tensor:
    return torch.full((frames,), frames // 2)


# (number of frames, seed) -> which frames of a clip the net gets, in this order
ORDERS: dict[str, Callable[[int, int], Tensor]] = {"shuffled": shuffled, "reversed": backwards, "still": middle}


def time_axis(modality: Modality) -> int:
    """Which axis of a modality's samples is time.

    Raises:
        ValueError: none is, or it holds a single frame.
    """
    contract = modality.data.contract()
    if "time" not in contract["axes"]:
        axes = ", ".join(contract["axes"])
        raise ValueError(f"time_probe wants clips of frames; {modality.name} has none: its samples' axes are {axes}")
    axis: int = contract["axes"].index("time")
    if contract["shape"][axis] < 2:
        raise ValueError("time_probe wants clips of two frames or more; in a clip of one there is nothing to shuffle")
    return axis


@dataclass(frozen=True)
class TimeProbe:
    """Clips in other orders of time than their own, and what a net's scores of them tell.

    Attributes:
        axis: of a sample, that is time.
        seed: of the shuffles, with file and view, so that neither batches nor processes matter.
    """

    axis: int
    seed: int

    def changed(self, batch: Batch) -> list[Tensor]:
        """The clips of a batch in each of `ORDERS`."""
        views = zip(batch.file.tolist(), batch.view.tolist(), strict=True)
        seeds = [derive(self.seed, file, view) for file, view in views]
        return [reordered(batch.input, order, seeds, self.axis) for order in ORDERS.values()]

    def result(self, scores: Sequence[Tensor], labels: Tensor) -> dict[str, Any]:
        """{seed, chance, rows}, of the scores (F, K) of the clips as they are and in each of `ORDERS`.

        Chance is the share of the commonest class, which is right as often without a look at any clip; the rows are
        those of `compared`.
        """
        chance = labels.bincount().max().item() / len(labels)
        rows = compared(dict(zip([AS_THEY_ARE, *ORDERS], scores, strict=True)), labels)
        return {"seed": self.seed, "chance": chance, "rows": rows}


def reordered(clips: Tensor, order: Callable[[int, int], Tensor], seeds: Sequence[int], axis: int) -> Tensor:
    """Clips (N, ...) and a seed for each -> clips of the frames that `order` says; `axis` is a sample's."""
    frames = clips.shape[1 + axis]
    orders = torch.stack([order(frames, seed) for seed in seeds]).to(clips.device)
    return torch.stack([clip.index_select(axis, kept) for clip, kept in zip(clips, orders, strict=True)])


def compared(scores: dict[str, Tensor], labels: Tensor) -> list[dict[str, Any]]:
    """The scores (F, K) of each order, "as they are" first -> a row each.

    {clips, accuracy, low_95, high_95, macro_f1, change, same_top_class}: Wilson's interval of the accuracy, its change
    against the first row, and the share of files whose top class is the first row's.
    """
    rows: list[dict[str, Any]] = []
    first = next(iter(scores.values())).argmax(1)
    for name, found in scores.items():
        measured = measures(found, labels)
        accuracy = measured["accuracy"]
        low, high = wilson_interval(accuracy, len(labels))
        rows.append(
            {
                "clips": name,
                "accuracy": accuracy,
                "low_95": low,
                "high_95": high,
                "macro_f1": measured["macro_f1"],
                "change": accuracy - (rows[0]["accuracy"] if rows else accuracy),
                "same_top_class": (found.argmax(1) == first).float().mean().item(),
            }
        )
    return rows
