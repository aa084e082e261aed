"""What an epoch leaves in the run folder: a row of metrics.csv, a checkpoint, and the net of the best."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from vggx import files, recipes
from vggx.runner.run_folder import BEST, LAST

STATE = ("history", "best_epoch", "train_seconds", "data_seconds", "samples")


class Recorder(Checkpoint):
    """A `Checkpoint` to Lightning, so that it comes last at the end of an epoch, when all metrics are there.

    The best epoch is the one of the best watched measure of validation, of equal ones that of the least validation
    loss; without a validation split the last. Its own state travels in the checkpoints: a resumed run goes on from the
    rows of the epoch it resumes after.

    Args:
        watched: the measure's name, and whether more of it is better.
    """

    def __init__(
        self, folder: Path, save_best: Callable[[], None], watched: str = "accuracy", *, more_is_better: bool = True
    ):
        self.folder, self.save_best = folder, save_best
        self.watched, self.sign = f"val_{watched}", 1 if more_is_better else -1
        self.history: list[dict[str, Any]] = []
        self.best_epoch = 1  # epochs are counted from 1
        self.train_seconds = self.data_seconds = 0.0
        self.samples = 0

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in STATE}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.started = self.ended = time.perf_counter()
        self.waited = 0.0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, index: int) -> None:
        # from the end of the last batch: for the loader, and for the copy to the device
        self.waited += time.perf_counter() - self.ended

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        self.samples += len(batch) * trainer.world_size
        self.ended = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        seconds = self.ended - self.started
        self.train_seconds += seconds
        self.data_seconds += self.waited
        found = {name: value.item() for name, value in trainer.callback_metrics.items()}
        lr = recipes.unscaled_lr(trainer.optimizers[0])
        times = {"seconds": round(seconds, 3), "data_seconds": round(self.waited, 3)}
        row: dict[str, Any] = {"epoch": trainer.current_epoch + 1, **found, "lr": lr, **times}
        self.history = [*self.history, row]
        if self.watched not in found or self.rank(row) > self.rank(self.best):
            self.best_epoch = row["epoch"]
        if trainer.is_global_zero:
            files.write_csv(self.folder / "metrics.csv", self.history)
            print(line(row, trainer.max_epochs, self.watched), flush=True)
        # last.ckpt comes last: a run killed before it repeats this epoch and writes the same best again
        if self.best is row:
            trainer.save_checkpoint(self.folder / BEST)
            if trainer.is_global_zero:
                self.save_best()
        trainer.save_checkpoint(self.folder / LAST)

    def rank(self, row: dict[str, Any]) -> tuple[float, float]:
        return self.sign * row[self.watched], -row["val_loss"]

    @property
    def best(self) -> dict[str, Any]:
        return self.history[self.best_epoch - 1]

    def summary(self) -> dict[str, Any]:
        """What the epochs came to; seconds and samples are those of training alone.

        `data_share` of the seconds went by waiting for the next batch.
        """
        return {
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            self.watched: self.best.get(self.watched),
            "train_seconds": round(self.train_seconds, 3),
            "data_share": round(self.data_seconds / max(1e-9, self.train_seconds), 4),
            "samples_per_second": round(self.samples / max(1e-9, self.train_seconds), 1),
        }


def line(row: dict[str, Any], epochs: int | None, watched: str = "val_accuracy") -> str:
    names = ("train_loss", "train_accuracy", "val_loss", watched)
    figures = "  ".join(f"{name} {row[name]:.4f}" for name in names if name in row)
    return f"epoch {row['epoch']}/{epochs}  {figures}  {row['seconds']:.1f} s"
