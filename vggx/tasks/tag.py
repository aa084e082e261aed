"""Any of the classes a file: a sigmoid each, average precision, a threshold each, chosen on validation."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional.classification import binary_average_precision

from vggx.data.listing import Listing
from vggx.data.targets import Tags, Targets
from vggx.options import TagOptions
from vggx.report import tags as report
from vggx.tasks.task import Row, Task, splits_of

USUAL = 0.5  # of a class that validation says nothing of


class Tag(Task):
    """Binary cross-entropy, the mean over the classes.

    A class of which a split has no file has no average precision there, and the mean is over the others. The
    thresholds are those of the greatest F1 on the validation files, so F1 of these very files is a little too good.
    """

    OPTIONS = TagOptions
    watched = "map"
    mixes = True
    says = "sigmoid"

    def __init__(self, options: Any, names: Sequence[str]):
        super().__init__(options, names)
        self.thresholds = [USUAL] * len(self.names)

    @classmethod
    def targets(cls, options: Any) -> Targets:
        return Tags()

    def begin(self, listing: Listing) -> None:
        for split, targets in splits_of(listing):
            seen = {number for target in targets for number in target}
            empty = [name for number, name in enumerate(self.names) if number not in seen]
            if empty and split == "train":
                raise ValueError(f"no training file is of the class {', '.join(empty)}: it could not be learned")
            if empty:
                listing.notes.append(
                    f"no {split} file is of the class {', '.join(empty)}: the mean of average precision leaves it out"
                )
        if not listing.splits["val"]:
            listing.notes.append(f"there are no validation files to choose thresholds on: each is {USUAL}")

    def kept(self) -> dict[str, Any]:
        return {"thresholds": self.thresholds}

    def restore(self, kept: dict[str, Any]) -> None:
        found = kept.get("thresholds")
        if not isinstance(found, list) or len(found) != len(self.names) or not all(map(is_share, found)):
            raise ValueError(
                f"the card's thresholds are {found}, and not a share for each of {len(self.names)} classes"
            )
        self.thresholds = list(found)

    def loss(self, outputs: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        return F.binary_cross_entropy_with_logits(outputs, target * (1 - smoothing) + smoothing / 2)

    def activate(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid()

    def settle(self, scores: Tensor, targets: Tensor) -> None:
        pairs = zip(scores.T, targets.T, strict=True)
        self.thresholds = [best_threshold(column, truth) for column, truth in pairs]

    def measures(self, scores: Tensor, targets: Tensor) -> dict[str, float]:
        """map, and macro and micro F1 at the thresholds; map is 0 where no file is of any class."""
        precisions = [value for value in average_precisions(scores, targets) if value is not None]
        mean = sum(precisions) / len(precisions) if precisions else 0.0
        return {"map": mean, **f1_scores(self.chosen(scores), targets.bool())}

    def figures(self, scores: Tensor, targets: Tensor) -> dict[str, Any]:
        precisions = average_precisions(scores, targets)
        return {
            **self.measures(scores, targets),
            "average_precision": dict(zip(self.names, precisions, strict=True)),
            "thresholds": dict(zip(self.names, self.thresholds, strict=True)),
        }

    def told(self, figures: dict[str, Any]) -> str:
        none = [name for name, value in figures["average_precision"].items() if value is None]
        left_out = f"; without {', '.join(none)}, of which there is no file" if none else ""
        f1 = f"macro F1 {figures['macro_f1']:.4f}, micro F1 {figures['micro_f1']:.4f}"
        return f"mean average precision {figures['map']:.4f}, {f1}{left_out}"

    def chosen(self, scores: Tensor) -> Tensor:
        """(..., K) -> whether each class is said of the file."""
        return scores >= torch.tensor(self.thresholds, device=scores.device)

    def row(self, scores: Tensor | None, top: int) -> Row:
        """{labels, scores}: the classes at or above their thresholds, the greatest score first; the scores of all."""
        if scores is None:
            return {"labels": [], "scores": {}}
        order = scores.argsort(descending=True).tolist()
        labels = [self.names[number] for number in order if self.chosen(scores)[number]]
        return {"labels": labels, "scores": {n: round(v, 6) for n, v in zip(self.names, scores.tolist(), strict=True)}}

    def flat(self, rows: Sequence[Row]) -> list[Row]:
        """path, labels parted by `;`, score_<class> each, error."""
        return [
            {"path": row["path"], "labels": ";".join(row["labels"])}
            | {f"score_{name}": row["scores"].get(name) for name in self.names}
            | {"error": row["error"]}
            for row in rows
        ]

    def line(self, row: Row) -> Row:
        labels = ", ".join(f"{name} {row['scores'][name]:.3f}" for name in row["labels"])
        return {"path": row["path"], "labels": labels or row["error"] or "none"}

    def report(self, scores: Tensor, targets: Tensor, title: str, folder: Path, prefix: str = "") -> None:
        precisions, truth = average_precisions(scores, targets), targets.bool().numpy()
        report.write(self.chosen(scores).numpy(), truth, precisions, self.thresholds, self.names, title, folder, prefix)


def average_precisions(scores: Tensor, targets: Tensor) -> list[float | None]:
    """(F, K), (F, K) -> of each class; None of one that no file is of."""
    return [
        binary_average_precision(column, truth.int()).item() if truth.any() else None
        for column, truth in zip(scores.T, targets.T, strict=True)
    ]


def f1_scores(chosen: Tensor, truth: Tensor) -> dict[str, float]:
    """(F, K), (F, K) -> {macro_f1, micro_f1}: the mean over classes that occur, in truth or in words, and of all."""
    right, there = (chosen & truth).sum(0).double(), (chosen.sum(0) + truth.sum(0)).double()
    found = there > 0
    if not found.any():
        return {"macro_f1": 0.0, "micro_f1": 0.0}
    return {
        "macro_f1": (2 * right[found] / there[found]).mean().item(),
        "micro_f1": (2 * right.sum() / there.sum()).item(),
    }


def best_threshold(scores: Tensor, truth: Tensor) -> float:
    """(F,), (F,) -> the threshold of the greatest F1, the highest of several: half-way between two files' scores."""
    if not truth.any():
        return USUAL
    ordered, order = scores.double().sort(descending=True)
    right = truth[order].double().cumsum(0)
    said = torch.arange(1, len(ordered) + 1)
    f1 = 2 * right / (said + right[-1])
    f1[:-1][ordered[:-1] == ordered[1:]] = -1.0  # files of one score are told apart by no threshold
    last = int(f1.argmax())
    below = ordered[last + 1].item() if last + 1 < len(ordered) else 0.0
    return (ordered[last].item() + below) / 2


def is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1
