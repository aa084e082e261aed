"""A running average of the weights, which is what a run validates, keeps and tests."""

import copy
from collections.abc import Iterator
from itertools import chain
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Ema(Callback):
    """After every step: average <- decay * average + (1 - decay) * weights, the statistics of norms included.

    The n-th step's decay is n / (n + 9) at the most: while that is the smaller one the average is of about the last
    ninth of the steps, and it soon forgets the first weights. So does TensorFlow's ExponentialMovingAverage with
    num_updates.

    The net holds the average while it is validated, and checkpoints have it as their `state_dict`; the weights that
    training goes on with are this callback's state in them.

    Attributes:
        average: a net like the one that trains; None out of training.
    """

    def __init__(self, decay: float):
        self.decay, self.updates, self.step = decay, 0, 0
        self.net: Any = None
        self.average: Any = None
        self.loaded: dict[str, Tensor] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.net, self.step = pl_module.net, trainer.global_step
        # a resumed run's net holds the checkpoint's `state_dict` by now
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        if self.loaded is not None:
            self.net.load_state_dict(self.loaded)
            self.loaded = None

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step > self.step:  # else gradients are still gathered
            self.step = trainer.global_step
            self.update()

    def update(self) -> None:
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 9))
        floats = [pair for pair in self.pairs() if pair[0].is_floating_point()]
        get_ema_multi_avg_fn(decay)([mean for mean, _ in floats], [live for _, live in floats], None)
        for mean, live in self.pairs():
            if not mean.is_floating_point():  # how many batches a norm has seen
                mean.copy_(live)

    def pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """(the average's, the net's) of every parameter and buffer."""
        assert self.average is not None
        means, lives = (chain(net.parameters(), net.buffers()) for net in (self.average, self.net))
        return ((mean, live.detach()) for mean, live in zip(means, lives, strict=True))

    def swap(self) -> None:
        for mean, live in self.pairs():
            kept = live.clone()
            live.copy_(mean)
            mean.copy_(kept)

    def on_validation_start(self, *_: Any) -> None:
        if self.average is not None:
            self.swap()

    def on_validation_end(self, *_: Any) -> None:
        if self.average is not None:
            self.swap()

    def on_train_end(self, *_: Any) -> None:
        self.average = None

    def state_dict(self) -> dict[str, Any]:
        return {"updates": self.updates, "net": self.net.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.updates, self.loaded = state_dict["updates"], state_dict["net"]

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        assert self.average is not None
        for name, value in self.average.state_dict().items():
            checkpoint["state_dict"][f"net.{name}"] = value
