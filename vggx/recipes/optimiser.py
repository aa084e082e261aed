"""net, recipe -> its optimiser, a group of parameters for each rate and decay."""

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.optim import Optimizer

from vggx.options import Recipe, given
from vggx.recipes.check import check
from vggx.recipes.choices import OPTIMIZERS


def optimizer(
    net: nn.Module, recipe: Recipe, scales: Mapping[str, float] | None = None, *, clips: bool = False
) -> Optimizer:
    """The recipe's optimiser.

    Biases and norms (parameters of one axis) do without weight decay, unless the recipe has decay_biases.

    Its step is fused: one pass over weights, gradients and state, and no copy of them, in the place of a pass for
    every term of the update.

    Args:
        scales: what the learning rate is multiplied by, by the parameter's name; 1 for all where None. A group has its
            own under "scale".
        clips: gradients are clipped, which Lightning refuses to do in mixed precision for a fused step.

    Raises:
        ValueError: as `check`.
    """
    check(recipe)
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        scale, decays = 1.0 if scales is None else scales[name], recipe.decay_biases or parameter.ndim > 1
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
