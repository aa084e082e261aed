"""What a recipe may name: its optimisers, and its schedules but `plateau`, which is no function of time."""

import math
from collections.abc import Callable

from torch.optim import SGD, AdamW, Optimizer

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
