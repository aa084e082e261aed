"""One class a file: cross-entropy, accuracy, a confusion matrix."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from vggx.data.listing import Listing
from vggx.data.targets import Classes, Targets
from vggx.evaluate.measures import errors
from vggx.options import ClassifyOptions
from vggx.report import classes as class_report
from vggx.tasks.predictions import measures, wilson_interval
from vggx.tasks.task import Row, Task


class Classify(Task):
    """A softmax over the classes."""

    OPTIONS = ClassifyOptions
    watched = "accuracy"
    one_class = True
    mixes = True
    says = "softmax"

    @classmethod
    def targets(cls, options: Any) -> Targets:
        return Classes()

    def begin(self, listing: Listing) -> None:
        hint = "".join(f"; {note}" for note in listing.notes if "task=" in note)
        if len(self.names) < 2:
            raise ValueError(f"the data have one class only, {self.names}: there is nothing to tell apart{hint}")
        seen = {sample.target for sample in listing.splits["train"]}
        empty = [name for label, name in enumerate(self.names) if label not in seen]
        if empty:
            raise ValueError(f"no training file is of the class {', '.join(empty)}: it could not be learned{hint}")

    def loss(self, outputs: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        return F.cross_entropy(outputs, target, label_smoothing=smoothing)

    def hits(self, scores: Tensor, target: Tensor) -> Tensor:
        return scores.argmax(1) == target

    def activate(self, outputs: Tensor) -> Tensor:
        return outputs.softmax(1)

    def measures(self, scores: Tensor, targets: Tensor) -> dict[str, float]:
        return measures(scores, targets)

    def figures(self, scores: Tensor, targets: Tensor) -> dict[str, Any]:
        found = measures(scores, targets)
        interval = {"accuracy_interval_95": list(wilson_interval(found["accuracy"], len(targets)))}
        return {**found, **errors(scores, targets), **interval}

    def told(self, figures: dict[str, Any]) -> str:
        low, high = figures["accuracy_interval_95"]
        return f"accuracy {figures['accuracy']:.4f}, Wilson's 95 % interval {low:.3f} to {high:.3f}"

    def row(self, scores: Tensor | None, top: int) -> Row:
        """The likeliest classes and their scores, the greatest first."""
        if scores is None:
            return {"classes": [], "scores": []}
        best = scores.topk(min(top, len(self.names)))
        names = [self.names[index] for index in best.indices.tolist()]
        return {"classes": names, "scores": [round(value, 6) for value in best.values.tolist()]}

    def flat(self, rows: Sequence[Row]) -> list[Row]:
        """A column for each place: path, class_1, score_1, ..., error."""
        places = max(len(row["classes"]) for row in rows)
        return [self.columns(row, places) for row in rows]

    def columns(self, row: Row, places: int) -> Row:
        found: Row = {"path": row["path"]}
        for place in range(places):
            known = place < len(row["classes"])
            found[f"class_{place + 1}"] = row["classes"][place] if known else None
            found[f"score_{place + 1}"] = row["scores"][place] if known else None
        return found | {name: row[name] for name in ("error", "frame_scores") if name in row}

    def line(self, row: Row) -> Row:
        """All places in one column, or the error."""
        pairs = zip(row["classes"], row["scores"], strict=True)
        classes = ", ".join(f"{name} {score:.3f}" for name, score in pairs)
        return {"path": row["path"], "classes": classes or row["error"]}

    def report(self, scores: Tensor, targets: Tensor, title: str, folder: Path, prefix: str = "") -> None:
        predicted = scores.argmax(1).numpy()
        class_report.write(predicted, targets.to(torch.int64).numpy(), self.names, title, folder, prefix)
