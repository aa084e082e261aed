"""Recipe -> optimiser and learning-rate schedule."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Beta
from torch.nn import functional as F
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from vggx.net import scaled
from vggx.options import Recipe, given

OPTIMIZERS: dict[str, Callable[[list[dict], Recipe], Optimizer]] = {
    "sgd": lambda groups, recipe: SGD(groups, lr=given(recipe.lr, "lr"), momentum=recipe.momentum),
    "adamw": lambda groups, recipe: AdamW(groups, lr=given(recipe.lr, "lr")),
}

# share of the schedule done (0..1), recipe, epochs -> what the learning rate is multiplied by
SCHEDULES: dict[str, Callable[[float, Recipe, int], float]] = {
    "cosine": lambda done, recipe, epochs: 0.5 * (1 + math.cos(math.pi * done)),
    "step": lambda done, recipe, epochs: recipe.factor ** (int(done * epochs + 1e-9) // recipe.step_epochs),
    "constant": lambda done, recipe, epochs: 1.0,
}


def check(recipe: Recipe) -> None:
    """Refuse a recipe that cannot be followed.

    Raises:
        ValueError: naming the option and what it may be.
    """
    if recipe.optimizer not in OPTIMIZERS:
        raise ValueError(f"recipe.optimizer must be one of {', '.join(OPTIMIZERS)}, not {recipe.optimizer!r}")
    if recipe.schedule not in (*SCHEDULES, "plateau"):
        known = ", ".join([*SCHEDULES, "plateau"])
        raise ValueError(f"recipe.schedule must be one of {known}, not {recipe.schedule!r}")
    if recipe.schedule == "plateau" and recipe.warmup_epochs:
        raise ValueError(
            "recipe.warmup_epochs does not go with recipe.schedule=plateau, which has no course to warm up to"
        )
    if recipe.lr is None or not recipe.lr > 0:
        raise ValueError(f"recipe.lr must be positive, got {recipe.lr}")
    if recipe.schedule == "step" and recipe.step_epochs < 1:
        raise ValueError(f"recipe.step_epochs must be 1 or more, got {recipe.step_epochs}")
    if recipe.mixup < 0:
        raise ValueError(f"recipe.mixup must be 0 (none) or more, got {recipe.mixup}")
    if recipe.warmup_epochs < 0 or not 0 <= recipe.label_smoothing < 1:
        raise ValueError(
            "recipe.warmup_epochs must be 0 or more and recipe.label_smoothing from 0 up to below 1, "
            f"got {recipe.warmup_epochs} and {recipe.label_smoothing}"
        )


def optimizer(net: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimiser; biases and norms (parameters of one axis) do without weight decay."""
    check(recipe)
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": given(recipe.weight_decay, "weight_decay")},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    make = OPTIMIZERS[given(recipe.optimizer, "optimizer")]
    return make([group for group in groups if group["params"]], recipe)


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


def scheduler(optimiser: Optimizer, recipe: Recipe, steps: int, epochs: int) -> LRScheduler:
    """A schedule stepped after every optimiser step, or for plateau after every epoch with the validation accuracy.

    Args:
        steps: optimiser steps of the whole run.
        epochs: of the whole run.
    """
    if recipe.schedule == "plateau":
        return ReduceLROnPlateau(optimiser, mode="max", factor=recipe.factor, patience=recipe.patience)
    per_epoch = steps / max(1, epochs)
    return LambdaLR(optimiser, lambda step: multiplier(recipe, step, per_epoch, epochs))


def mixup(
    x: Tensor, lengths: Tensor | None, labels: Tensor, classes: int, alpha: float
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Mix every sample of a batch, and its label, with another of it; each has a share of its own.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", equation 2.

    Args:
        x: (N, ...) bytes or floats.
        lengths: (N,) of padded clips; a mixture is as long as the longer of its two.
        labels: (N,)
        classes: K.
        alpha: the shares are drawn from Beta(alpha, alpha).

    Returns:
        The mixtures (N, ...) as floats, their lengths, and the probability of each class (N, K).
    """
    # drawn on the CPU, whose random state a resumed run goes on from
    share = Beta(alpha, alpha).sample((len(x),)).to(x.device)
    other = torch.randperm(len(x)).to(x.device)
    x, target = scaled(x), F.one_hot(labels, classes).float()
    mixed = torch.lerp(x[other], x, share.view(-1, *(1,) * (x.ndim - 1)))
    longer = None if lengths is None else lengths.maximum(lengths[other])
    return mixed, longer, torch.lerp(target[other], target, share[:, None])


def renew(optimiser: Optimizer, schedule: Any, recipe: Recipe, saved: dict[str, Any]) -> None:
    """Give a restored optimiser and schedule what a recipe has changed since it was saved; nothing if it has not.

    Args:
        saved: the recipe as a dict, as the checkpoint holds it.
    """
    for group in optimiser.param_groups:
        if group["weight_decay"] > 0 and recipe.weight_decay != saved["weight_decay"]:
            group["weight_decay"] = recipe.weight_decay
        if "momentum" in group:
            group["momentum"] = recipe.momentum
        if recipe.lr != saved["lr"]:
            group["lr"] = group["initial_lr"] = recipe.lr
    if isinstance(schedule, ReduceLROnPlateau):
        schedule.factor, schedule.patience = recipe.factor, recipe.patience
    elif recipe.lr != saved["lr"]:
        schedule.base_lrs = [recipe.lr] * len(schedule.base_lrs)
