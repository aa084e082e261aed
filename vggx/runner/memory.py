"""settings -> the memory that training takes at its peak: predicted, and measured where a GPU is at hand."""

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vggx import recipes
from vggx.cost.memory import Memory, measured_peak, predicted_peak
from vggx.data.dataset import blank
from vggx.options import Settings, given


class Trained:
    """What is trained and how: the three makers that the prediction and the measurement call."""

    def __init__(self, settings: Settings, classes: int):
        self.settings, self.classes = settings, classes
        self.batch_size = given(settings.modality.data.batch_size, "batch_size")

    def net(self) -> nn.Module:
        return self.settings.modality.build(self.classes)

    def optimizer(self, net: nn.Module) -> Optimizer:
        clips = bool(self.settings.trainer.gradient_clip_val)
        return recipes.optimizer(net, self.settings.recipe, clips=clips)

    def batch(self) -> tuple[Tensor, Tensor]:
        labels = torch.zeros(self.batch_size, dtype=torch.int64)
        return blank(self.settings.modality.data, self.batch_size), labels


def predicted(settings: Settings, classes: int, precision: str) -> Memory:
    """At the peak of a step over a batch of the data's `batch_size`.

    Raises:
        ValueError: options from which no net or optimiser can be made, or an unknown precision.
    """
    trained = Trained(settings, classes)
    return predicted_peak(trained.net, trained.optimizer, trained.batch, precision)


def memory_row(settings: Settings, classes: int, precision: str) -> dict[str, Any]:
    """{peak_memory, parameters_memory, ..., measured_memory}, bytes."""
    parts = dataclasses.asdict(predicted(settings, classes, precision))
    trained = Trained(settings, classes)
    peak = parts.pop("peak")
    return {
        "optimizer": settings.recipe.optimizer,
        "precision": precision,
        "peak_memory": peak,
        **{f"{name}_memory": size for name, size in parts.items()},
        "measured_memory": measured(trained, precision),
    }


def measured(trained: Trained, precision: str) -> int | None:
    """On the CUDA device that is at hand; None without one, or where it holds too little."""
    if not torch.cuda.is_available():
        return None
    try:
        return measured_peak(trained.net, trained.optimizer, trained.batch, precision)
    except torch.cuda.OutOfMemoryError:
        return None
