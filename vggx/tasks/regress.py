"""One number or more a file: squared error in standard deviations, MAE, RMSE and R2 in the numbers' own units."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional.regression import mean_absolute_error, mean_squared_error, r2_score

from vggx.data.listing import Listing
from vggx.data.targets import Numbers, Targets
from vggx.options import Recipe, RegressOptions
from vggx.report import numbers as report
from vggx.tasks.task import Row, Task

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": F.mse_loss, "huber": F.huber_loss}


class Regress(Task):
    """The net learns the numbers less their mean over the training files, in their standard deviations.

    Attributes:
        mean, std: of each number over the training files.
    """

    OPTIONS = RegressOptions
    watched = "rmse"
    more_is_better = False
    mixes = True
    says = "value"

    def __init__(self, options: Any, names: Sequence[str]):
        super().__init__(options, names)
        if options.loss not in LOSSES:
            raise ValueError(f"task.loss must be one of {', '.join(LOSSES)}, not {options.loss!r}")
        self.mean, self.std = [0.0] * len(self.names), [1.0] * len(self.names)

    @classmethod
    def targets(cls, options: Any) -> Targets:
        return Numbers()

    def begin(self, listing: Listing) -> None:
        values = torch.tensor([sample.target for sample in listing.splits["train"]], dtype=torch.float64)
        self.mean, self.std = values.mean(0).tolist(), values.std(0, correction=0).tolist()
        same = [name for name, std in zip(self.names, self.std, strict=True) if not std > 0]
        if same:
            raise ValueError(f"{', '.join(same)} is the same in all training files: there is nothing to learn")

    def kept(self) -> dict[str, Any]:
        return {"names": self.names, "mean": self.mean, "std": self.std}

    def restore(self, kept: dict[str, Any]) -> None:
        for name in ("mean", "std"):
            found = kept.get(name)
            if not isinstance(found, list) or len(found) != len(self.names) or not all(map(is_finite, found)):
                raise ValueError(f"the card's {name} is {found}, and not a number for each of {', '.join(self.names)}")
            setattr(self, name, list(found))

    def check(self, recipe: Recipe) -> None:
        super().check(recipe)
        if recipe.label_smoothing:
            raise ValueError(
                f"recipe.label_smoothing={recipe.label_smoothing} spreads a class over the others, and numbers have "
                "none: recipe.label_smoothing=0 is off"
            )

    def loss(self, outputs: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        mean, std = outputs.new_tensor(self.mean), outputs.new_tensor(self.std)
        return LOSSES[self.options.loss](outputs, (target - mean) / std)

    def activate(self, outputs: Tensor) -> Tensor:
        return outputs * outputs.new_tensor(self.std) + outputs.new_tensor(self.mean)

    def measures(self, scores: Tensor, targets: Tensor) -> dict[str, float]:
        """mae, rmse and r2, which is there where the numbers differ.

        Of several numbers these are means, of mae and rmse in the numbers' standard deviations; each number's own are
        beside them, in its unit, as mae_<name> and so on.
        """
        each = [errors(column, truth) for column, truth in zip(scores.T, targets.T, strict=True)]
        if len(each) == 1:
            return each[0]
        found: dict[str, float] = {}
        for kind in ("mae", "rmse", "r2"):
            units = [1.0] * len(each) if kind == "r2" else self.std
            known = [errors[kind] / unit for errors, unit in zip(each, units, strict=True) if kind in errors]
            if known:
                found[kind] = sum(known) / len(known)
        own = {f"{kind}_{name}": v for name, errs in zip(self.names, each, strict=True) for kind, v in errs.items()}
        return found | own

    def told(self, figures: dict[str, Any]) -> str:
        return ", ".join(f"{word} {figures[kind]:.6g}" for kind, word in WORDS.items() if kind in figures)

    def row(self, scores: Tensor | None, top: int) -> Row:
        """{numbers: {name: value}}"""
        if scores is None:
            return {"numbers": {}}
        values = [float(f"{value:.7g}") for value in scores.tolist()]
        return {"numbers": dict(zip(self.names, values, strict=True))}

    def flat(self, rows: Sequence[Row]) -> list[Row]:
        return [
            {"path": row["path"]} | {name: row["numbers"].get(name) for name in self.names} | {"error": row["error"]}
            for row in rows
        ]

    def line(self, row: Row) -> Row:
        numbers = ", ".join(f"{name} {value:.6g}" for name, value in row["numbers"].items())
        return {"path": row["path"], "numbers": numbers or row["error"]}

    def report(self, scores: Tensor, targets: Tensor, title: str, folder: Path, prefix: str = "") -> None:
        each = [errors(column, truth) for column, truth in zip(scores.T, targets.T, strict=True)]
        report.write(scores.numpy(), targets.numpy(), each, self.names, title, folder, prefix)


WORDS = {"mae": "MAE", "rmse": "RMSE", "r2": "R2"}


def errors(found: Tensor, truth: Tensor) -> dict[str, float]:
    """(F,), (F,) -> {mae, rmse, r2}; no r2 where all files have one number."""
    found, truth = found.double().contiguous(), truth.double().contiguous()
    figures = {
        "mae": mean_absolute_error(found, truth).item(),
        "rmse": mean_squared_error(found, truth, squared=False).item(),
    }
    return figures | ({"r2": r2_score(found, truth).item()} if len(truth.unique()) > 1 else {})


def is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
