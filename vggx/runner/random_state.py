"""The random states at the end of an epoch go into its checkpoint, so that a resumed run draws what it would have."""

import random
from typing import Any

import numpy as np
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from vggx.data.seeds import derive


class RandomState(Callback):
    """Saves the states of torch, CUDA, numpy and random; dropout is what draws from them, samples have seeds.

    With several devices each starts every epoch from a seed of its own instead, since a checkpoint is one device's.
    """

    def __init__(self, seed: int):
        self.seed = seed
        self.loaded: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        _, keys, position, has_gauss, cached = np.random.get_state()
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "numpy": [
                torch.from_numpy(np.asarray(keys).astype(np.int64)),
                int(position),
                int(has_gauss),
                float(cached),
            ],
            "random": random.getstate(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.loaded = state_dict

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.world_size > 1:
            torch.manual_seed(derive(self.seed, trainer.current_epoch, trainer.global_rank))
        elif self.loaded is not None:
            keys, *rest = self.loaded["numpy"]
            np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), *rest))
            random.setstate(self.loaded["random"])
            torch.set_rng_state(self.loaded["torch"].cpu())
            if len(self.loaded["cuda"]) == torch.cuda.device_count():
                torch.cuda.set_rng_state_all([state.cpu() for state in self.loaded["cuda"]])
        self.loaded = None
