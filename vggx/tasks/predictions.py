"""score batches of an epoch -> clip and file results, over all devices."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score


class Predictions(Metric):
    """Keeps the softmax scores of every view with its label and file, and averages the views of a file.

    `compute` gives (scores (M, K), labels (M,), files (M,)) of the views; torchmetrics gathers the devices' parts.
    """

    full_state_update = False
    scores: list[Tensor]
    labels: list[Tensor]
    files: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ("scores", "labels", "files"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, logits: Tensor, labels: Tensor, files: Tensor) -> None:
        self.scores.append(logits.detach().float().softmax(1))
        self.labels.append(labels)
        self.files.append(files)

    def compute(self) -> tuple[Tensor, Tensor, Tensor]:
        return joined(self.scores), joined(self.labels), joined(self.files)

    def views(self) -> tuple[Tensor, Tensor, Tensor]:
        """`compute` on the CPU, with its axes also where there is one view only: torchmetrics drops those."""
        scores, labels, files = (part.cpu() for part in self.compute())
        count = labels.numel()
        return scores.reshape(count, -1) if count else scores, labels.reshape(count), files.reshape(count)


def joined(parts: Sequence[Tensor] | Tensor) -> Tensor:
    if isinstance(parts, Tensor):  # already gathered
        return parts
    return torch.cat(list(parts)) if parts else torch.empty(0)


def by_file(scores: Tensor, labels: Tensor, files: Tensor) -> tuple[Tensor, Tensor]:
    """Views (M, K), (M,), (M,) -> the mean score (F, K) and the label (F,) of each file."""
    found, index = files.unique(return_inverse=True)
    total = scores.new_zeros(len(found), scores.shape[1]).index_add_(0, index, scores)
    counts = index.bincount(minlength=len(found))
    owner = labels.new_zeros(len(found)).scatter_(0, index, labels)
    return total / counts[:, None], owner


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
