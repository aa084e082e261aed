"""batches' `bad` -> one list of unreadable files for a run, which stops when they are too many."""

from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from vggx.data.batch import Batch


class BadFiles(Callback):
    """Counts each unreadable file once, and stops the run when a split has more of them than its limit.

    Args:
        limit: greatest share of the files of train and val.
        sizes: number of files in each split.
        tested: the split that Lightning tests.
    """

    def __init__(self, limit: float, sizes: dict[str, int], tested: str = "test"):
        self.limit, self.sizes, self.tested = limit, sizes, tested
        self.found: dict[str, dict[str, str]] = {split: {} for split in sizes}

    def state_dict(self) -> dict[str, Any]:
        return {"found": self.found}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.found |= state_dict["found"]

    def note(self, split: str, batch: Batch) -> None:
        known = self.found[split]
        for path, reason in batch.bad.items():
            if path not in known:
                known[path] = reason
                print(f"skipped a {split} file: {reason}", flush=True)
        # the tested split is read when all training is done, which is not to be lost for it
        if split != self.tested and len(known) > self.limit * self.sizes[split]:
            first = next(iter(known.values()))
            raise ValueError(
                f"{len(known)} of {self.sizes[split]} {split} files cannot be read, more than "
                f"modality.data.bad_limit={self.limit}; the first: {first}"
            )

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        self.note("train", batch)

    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any,
                                index: int, dataloader_idx: int = 0) -> None:  # fmt: skip
        self.note("val", batch)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any,
                          index: int, dataloader_idx: int = 0) -> None:  # fmt: skip
        self.note(self.tested, batch)

    def listed(self) -> list[dict[str, str]]:
        return [
            {"split": split, "path": path, "reason": reason}
            for split, found in self.found.items()
            for path, reason in found.items()
        ]
