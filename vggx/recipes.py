"""Recipe -> optimiser and learning-rate schedule."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Beta
from torch.nn import functional as F
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from vggx.net import scaled
from vggx.options import Recipe, given

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": lambda groups, recipe, **how: SGD(groups, lr=given(recipe.lr, "lr"), momentum=recipe.momentum, **how),
    "adamw": lambda groups, recipe, **how: AdamW(groups, lr=given(recipe.lr, "lr"), **how),
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
    if not 0 < recipe.layer_decay <= 1:
        raise ValueError(f"recipe.layer_decay must be above 0 and at most 1 (none), got {recipe.layer_decay}")
    if not 0 < recipe.fresh_factor < math.inf:
        raise ValueError(f"recipe.fresh_factor must be positive, got {recipe.fresh_factor}")
    if recipe.warmup_epochs < 0 or not 0 <= recipe.label_smoothing < 1:
        raise ValueError(
            "recipe.warmup_epochs must be 0 or more and recipe.label_smoothing from 0 up to below 1, "
            f"got {recipe.warmup_epochs} and {recipe.label_smoothing}"
        )


def optimizer(
    net: nn.Module, recipe: Recipe, scales: Mapping[str, float] | None = None, *, clips: bool = False
) -> Optimizer:
    """The recipe's optimiser; biases and norms (parameters of one axis) do without weight decay.

    Its step is fused: one pass over weights, gradients and state, and no copy of them, in the place of a pass for
    every term of the update.

    Args:
        scales: what the learning rate is multiplied by, by the parameter's name; 1 for all where None. A group has its
            own under "scale".
        clips: gradients are clipped, which Lightning refuses to do in mixed precision for a fused step.
    """
    check(recipe)
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        scale, decays = 1.0 if scales is None else scales[name], parameter.ndim > 1
        group = {
            "params": [],
            "lr": given(recipe.lr, "lr") * scale,
            "weight_decay": given(recipe.weight_decay, "weight_decay") if decays else 0.0,
            "scale": scale,
        }
        groups.setdefault((scale, decays), group)["params"].append(parameter)
    return OPTIMIZERS[given(recipe.optimizer, "optimizer")](list(groups.values()), recipe, fused=not clips)


def unscaled_lr(optimiser: Optimizer) -> float:
    """The rate that the scales of the groups are multiplied with: that of a head which inherited its weights."""
    # the last group is the head's if it has one to itself, and its scale mostly 1, which divides without rounding
    group = optimiser.param_groups[-1]
    return group["lr"] / group["scale"]


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
        # eps=0: no rate is too small to fall with the others, which keeps their ratios
        return ReduceLROnPlateau(optimiser, mode="max", factor=recipe.factor, patience=recipe.patience, eps=0.0)
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
        group.setdefault("scale", 1.0)  # which older checkpoints do not know
        if group["weight_decay"] > 0 and recipe.weight_decay != saved["weight_decay"]:
            group["weight_decay"] = recipe.weight_decay
        if "momentum" in group:
            group["momentum"] = recipe.momentum
        if recipe.lr != saved["lr"]:
            group["lr"] = group["initial_lr"] = given(recipe.lr, "lr") * group["scale"]
    if isinstance(schedule, ReduceLROnPlateau):
        schedule.factor, schedule.patience = recipe.factor, recipe.patience
    elif recipe.lr != saved["lr"]:
        schedule.base_lrs = [group["initial_lr"] for group in optimiser.param_groups]
        for group, multiply in zip(optimiser.param_groups, schedule.lr_lambdas, strict=True):
            group["lr"] = group["initial_lr"] * multiply(schedule.last_epoch)
