"""a net's logits and the truth -> scores that may be averaged, right answers, loss: what evaluation knows of a task."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Scoring:
    """
    Attributes:
        activate: logits (..., K) -> the scores that are averaged over views.
        hits: scores (V, K) of views, label -> how many of the views are right.
        loss: logits (N, K), labels (N,) -> their mean loss.
    """

    activate: Callable[[Tensor], Tensor]
    hits: Callable[[Tensor, int], int]
    loss: Callable[[Tensor, Tensor], Tensor]


def softmax(logits: Tensor) -> Tensor:
    return logits.float().softmax(-1)


def top_hits(scores: Tensor, label: int) -> int:
    """How many views have their greatest score at the label."""
    return int((scores.argmax(1) == label).sum())


CLASSES = Scoring(softmax, top_hits, F.cross_entropy)  # one class a file
