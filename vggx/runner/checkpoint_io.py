"""Lightning's checkpoints, written so that a crash or a full disk leaves the old file, and read as data only."""

import os
import pickle
import zipfile
from typing import Any

import torch
from lightning.fabric.plugins.io.checkpoint_io import CheckpointIO

from vggx import files


class AtomicCheckpointIO(CheckpointIO):
    """Lightning's own writes into the temporary folder and moves; across file systems that is no longer atomic."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        with files.atomic(path) as temporary:
            torch.save(checkpoint, temporary)

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: Any = True) -> dict[str, Any]:
        return read_checkpoint(path, map_location)

    def remove_checkpoint(self, path: Any) -> None:
        os.unlink(path)


def read_checkpoint(path: Any, map_location: Any = "cpu") -> dict[str, Any]:
    """
    Raises:
        ValueError: cut short, not a checkpoint, or one that holds more than data.
    """
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is not a whole checkpoint of plain data: {reason}") from error
