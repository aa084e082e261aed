"""optimiser, recipe -> the course of its learning rate; and what a resumed run's recipe changes of both."""

from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from vggx.options import Recipe, given
from vggx.recipes.choices import SCHEDULES


class Plateau(ReduceLROnPlateau):
    """The rate falls at every stall of the watched measure; after `drops` falls the next stall ends the run.

    So went the paper's (section 3.1): divided by 10 when the accuracy stopped improving, three times in all.
    """

    def __init__(self, optimiser: Optimizer, recipe: Recipe, *, rises: bool = True):
        # eps=0: no rate is too small to fall with the others, which keeps their ratios
        super().__init__(
            optimiser, mode="max" if rises else "min", factor=recipe.factor, patience=recipe.patience, eps=0.0
        )
        self.drops, self.stalls = recipe.drops, 0

    def step(self, metrics: Any, epoch: Any = None) -> None:  # type: ignore[override]
        before = self.optimizer.param_groups[0]["lr"]
        super().step(metrics, epoch)
        self.stalls += self.optimizer.param_groups[0]["lr"] < before

    @property
    def ended(self) -> bool:
        return self.drops is not None and self.stalls > self.drops


def multiplier(recipe: Recipe, step: int, steps_per_epoch: float, epochs: int) -> float:
    """What the learning rate is multiplied by at an optimiser step: a linear warm-up, then the schedule."""
    epoch = step / max(1.0, steps_per_epoch)
    if epoch < recipe.warmup_epochs:
        return (step + 1) / (recipe.warmup_epochs * steps_per_epoch + 1)
    length = max(1e-9, epochs - recipe.warmup_epochs)
    done = min(1.0, (epoch - recipe.warmup_epochs) / length)
    if recipe.schedule == "step":  # epochs are counted from the start of the run
        done, length = min(1.0, epoch / max(1, epochs)), epochs
    return SCHEDULES[recipe.schedule](done, recipe, round(length))


def scheduler(optimiser: Optimizer, recipe: Recipe, steps: int, epochs: int, *, rises: bool = True) -> LRScheduler:
    """A schedule stepped after every optimiser step, or for plateau after every epoch with the watched measure.

    Args:
        steps: optimiser steps of the whole run.
        epochs: of the whole run.
        rises: whether more of that measure is better.
    """
    if recipe.schedule == "plateau":
        return Plateau(optimiser, recipe, rises=rises)
    per_epoch = steps / max(1, epochs)
    return LambdaLR(optimiser, lambda step: multiplier(recipe, step, per_epoch, epochs))


def renew(optimiser: Optimizer, schedule: Any, recipe: Recipe, saved: dict[str, Any]) -> None:
    """Give a restored optimiser and schedule what a recipe has changed since it was saved; nothing if it has not.

    Args:
        saved: the recipe as a dict, as the checkpoint holds it.
    """
    for group in optimiser.param_groups:
        group.setdefault("scale", 1.0)  # which older checkpoints do not know
        decays = recipe.decay_biases or group["params"][0].ndim > 1  # as in all of the group
        if decays and recipe.weight_decay != saved["weight_decay"]:
            group["weight_decay"] = recipe.weight_decay
        if "momentum" in group:
            group["momentum"] = recipe.momentum
        if recipe.lr != saved["lr"]:
            group["lr"] = group["initial_lr"] = given(recipe.lr, "lr") * group["scale"]
    if isinstance(schedule, Plateau):
        schedule.factor, schedule.patience, schedule.drops = recipe.factor, recipe.patience, recipe.drops
    elif recipe.lr != saved["lr"]:
        schedule.base_lrs = [group["initial_lr"] for group in optimiser.param_groups]
        for group, multiply in zip(optimiser.param_groups, schedule.lr_lambdas, strict=True):
            group["lr"] = group["initial_lr"] * multiply(schedule.last_epoch)
