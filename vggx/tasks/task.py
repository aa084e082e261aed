"""What is learned of a file: its target, loss and measures, what a prediction says and what a report draws."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from vggx.data.listing import SPLITS, Listing
from vggx.data.targets import Targets
from vggx.options import Recipe, TaskOptions

Row = dict[str, Any]


class Task:
    """A kind of task with its options and the names of its outputs; a kind of your own writes what says so here.

    Shapes: N samples, M views, F files, K outputs. `outputs` are what the net gives, (N, K); `scores` what a file's
    views are averaged of, such as the softmax.

    Args:
        options: of `OPTIONS`.
        names: of the outputs, K of them.

    Attributes:
        watched: the measure of the validation files by which the best epoch is chosen and plateau waits, and whether
            more of it is better.
        one_class: whether every file has one of the classes, which protocols, curves and matrices of classes want.
        mixes: whether mixup and cutmix can mix its targets.
        says: what its scores are called: softmax, ...
    """

    OPTIONS: ClassVar[type[TaskOptions]]
    watched: ClassVar[str]
    more_is_better: ClassVar[bool] = True
    one_class: ClassVar[bool] = False
    mixes: ClassVar[bool] = False
    says: ClassVar[str] = "score"

    def __init__(self, options: Any, names: Sequence[str]):
        self.options, self.names = options, list(names)

    # what the target is

    @classmethod
    def targets(cls, options: Any) -> Targets:
        """How the cells of a CSV become targets; you write this."""
        raise NotImplementedError

    def begin(self, listing: Listing) -> None:
        """Look at the targets before training: refuse, note in `listing.notes`, and measure what is to be kept.

        Raises:
            ValueError: nothing can be learned of them.
        """

    def kept(self) -> dict[str, Any]:
        """Plain values that the net is used with, for its card; with `names` where the outputs are no classes."""
        return {}

    def restore(self, kept: dict[str, Any]) -> None:
        """Take what `kept` gave.

        Raises:
            ValueError: values that do not fit.
        """

    def card(self) -> dict[str, Any]:
        """What the net's card says of the task."""
        return {**asdict(self.options), **self.kept()}

    # what the net learns by

    def check(self, recipe: Recipe) -> None:
        """
        Raises:
            ValueError: a recipe that mixes targets which cannot be mixed.
        """
        for name in ("mixup", "cutmix"):
            if getattr(recipe, name) and not self.mixes:
                raise ValueError(
                    f"recipe.{name}={getattr(recipe, name)} mixes targets, and those of task={self.options.name} "
                    f"cannot be mixed: recipe.{name}=0 is off"
                )

    def ask(self, net: nn.Module, x: Tensor, lengths: Tensor | None) -> Tensor:
        """A batch -> the outputs: the net's answer, or `net.score_map(x)` where every place has one."""
        outputs: Tensor = net(x, lengths)
        return outputs

    def loss(self, outputs: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        """You write this.

        Args:
            target: as loaded, or mixed.
            smoothing: the recipe's, in training.
        """
        raise NotImplementedError

    def hits(self, scores: Tensor, target: Tensor) -> Tensor | None:
        """(N,) whether each is right, where there is but right and wrong; a training epoch logs their share."""
        return None

    # what it tells of files

    def activate(self, outputs: Tensor) -> Tensor:
        """float32 outputs (N, ...) -> scores (N, ...), whose mean over a file's views is its answer."""
        return outputs

    def measures(self, scores: Tensor, targets: Tensor) -> dict[str, float]:
        """(F, ...), (F, ...) -> figures, `watched` among them; you write this."""
        raise NotImplementedError

    def settle(self, scores: Tensor, targets: Tensor) -> None:
        """Choose on the validation files, before they are measured, what is to be kept, such as thresholds."""

    def figures(self, scores: Tensor, targets: Tensor) -> dict[str, Any]:
        """What `vggx evaluate` writes of the files, as plain values."""
        return dict(self.measures(scores, targets))

    def told(self, figures: dict[str, Any]) -> str:
        """The figures that matter, in a line."""
        return f"{self.watched} {figures[self.watched]:.4f}"

    def row(self, scores: Tensor | None, top: int) -> Row:
        """A file's scores -> what a prediction says of it, plain values; of None, a file that cannot be read, the same
        keys. You write this.

        Args:
            top: how many of many a user wants to see.
        """
        raise NotImplementedError

    def flat(self, rows: Sequence[Row]) -> list[Row]:
        """Predictions {path, <row>, error} as CSV has them: a value a cell."""
        return list(rows)

    def line(self, row: Row) -> Row:
        """A prediction {path, <row>, error} for people."""
        return row

    def report(self, scores: Tensor, targets: Tensor, title: str, folder: Path, prefix: str = "") -> None:
        """Write what there is to see of the files into a run folder, each file's name after `prefix`."""


def splits_of(listing: Listing) -> list[tuple[str, list[Any]]]:
    """(split, its targets), of those that have files."""
    return [(split, [sample.target for sample in listing.splits[split]]) for split in SPLITS if listing.splits[split]]
