"""batches' `bad` -> one list of unreadable files for a run, which stops when they are too many."""

from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from vggx.data.skipped import SkippedFiles


class BadFiles(Callback):
    """Counts each unreadable file once, and stops the run when a split has more of them than its limit.

    Args:
        limit: greatest share of the files of train and val; the test split is read when all training is done, which is
            not to be lost for it.
        sizes: number of files in each split.
    """

    def __init__(self, limit: float, sizes: dict[str, int]):
        self.skipped = {
            split: SkippedFiles(split, size, limit=1.0 if split == "test" else limit) for split, size in sizes.items()
        }

    def state_dict(self) -> dict[str, Any]:
        return {"found": {split: skipped.found for split, skipped in self.skipped.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for split, found in state_dict["found"].items():
            self.skipped[split].found = found

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        self.skipped["train"].note(batch.bad)

    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any,
                                index: int, dataloader_idx: int = 0) -> None:  # fmt: skip
        self.skipped["val"].note(batch.bad)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any,
                          index: int, dataloader_idx: int = 0) -> None:  # fmt: skip
        self.skipped["test"].note(batch.bad)

    def listed(self) -> list[dict[str, str]]:
        return [row for skipped in self.skipped.values() for row in skipped.listed()]
