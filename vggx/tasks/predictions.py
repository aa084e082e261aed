"""score batches of an epoch -> clip and file results, over all devices."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score


class Predictions(Metric):
    """Keeps the scores of every view with its target and file.

    `compute` gives (scores (M, ...), targets (M, ...), files (M,)) of the views; torchmetrics gathers the devices'
    parts.
    """

    full_state_update = False
    scores: list[Tensor]
    targets: list[Tensor]
    files: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.shapes: tuple[torch.Size, torch.Size] | None = None  # of one view's scores and target
        for name in ("scores", "targets", "files"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, scores: Tensor, targets: Tensor, files: Tensor) -> None:
        self.shapes = scores.shape[1:], targets.shape[1:]
        self.scores.append(scores)
        self.targets.append(targets)
        self.files.append(files)

    def compute(self) -> tuple[Tensor, Tensor, Tensor]:
        return joined(self.scores), joined(self.targets), joined(self.files)

    def views(self) -> tuple[Tensor, Tensor, Tensor]:
        """`compute` on the CPU, with its axes also where there is one view only: torchmetrics drops those."""
        scores, targets, files = (part.cpu() for part in self.compute())
        if self.shapes is None:
            return scores, targets, files
        count = files.numel()
        return scores.reshape(count, *self.shapes[0]), targets.reshape(count, *self.shapes[1]), files.reshape(count)


def joined(parts: Sequence[Tensor] | Tensor) -> Tensor:
    if isinstance(parts, Tensor):  # already gathered
        return parts
    return torch.cat(list(parts)) if parts else torch.empty(0)


def by_file(scores: Tensor, targets: Tensor, files: Tensor) -> tuple[Tensor, Tensor]:
    """Views (M, ...), (M, ...), (M,) -> the mean score (F, ...) and the target (F, ...) of each file."""
    found, index = files.unique(return_inverse=True)
    total = scores.new_zeros(len(found), *scores.shape[1:]).index_add_(0, index, scores)
    counts = index.bincount(minlength=len(found)).view(-1, *(1,) * (scores.ndim - 1))
    owner = targets.new_zeros(len(found), *targets.shape[1:])
    owner[index] = targets
    return total / counts, owner


def measures(scores: Tensor, labels: Tensor) -> dict[str, float]:
    """accuracy, top5_accuracy (with more than five classes) and macro_f1 of scores (M, K) and labels (M,)."""
    classes = scores.shape[1]
    single = classes == 1  # torchmetrics wants two classes or more
    found = {
        "accuracy": 1.0 if single else multiclass_accuracy(scores, labels, classes, average="micro").item(),
        "macro_f1": 1.0 if single else multiclass_f1_score(scores, labels, classes, average="macro").item(),
    }
    if classes > 5:
        found["top5_accuracy"] = multiclass_accuracy(scores, labels, classes, average="micro", top_k=5).item()
    return found


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share that was measured on `count` files.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    z = 1.959964
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return round(centre - half, 4), round(centre + half, 4)
