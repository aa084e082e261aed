"""Recipe -> refused where it cannot be followed."""

import math

from vggx.options import Recipe
from vggx.recipes.choices import OPTIMIZERS, SCHEDULES


def check(recipe: Recipe) -> None:
    """Refuse a recipe that cannot be followed.

    Raises:
        ValueError: naming the option and what it may be.
    """
    check_rates(recipe)
    if recipe.optimizer not in OPTIMIZERS:
        raise ValueError(f"recipe.optimizer must be one of {', '.join(OPTIMIZERS)}, not {recipe.optimizer!r}")
    if recipe.batch is not None and recipe.batch < 1:
        raise ValueError(f"recipe.batch must be 1 sample or more, got {recipe.batch}")
    for name in ("mixup", "cutmix"):
        if not 0 <= getattr(recipe, name) < math.inf:
            raise ValueError(f"recipe.{name} must be 0 (none) or more, got {getattr(recipe, name)}")
    if not 0 <= recipe.ema < 1:
        raise ValueError(f"recipe.ema must be 0 (none) or more and below 1, such as 0.9998, got {recipe.ema}")
    if recipe.warmup_epochs < 0 or not 0 <= recipe.label_smoothing < 1:
        raise ValueError(
            "recipe.warmup_epochs must be 0 or more and recipe.label_smoothing from 0 up to below 1, "
            f"got {recipe.warmup_epochs} and {recipe.label_smoothing}"
        )


def check_rates(recipe: Recipe) -> None:
    """
    Raises:
        ValueError: naming what is wrong with the learning rate or its course.
    """
    if recipe.schedule not in (*SCHEDULES, "plateau"):
        known = ", ".join([*SCHEDULES, "plateau"])
        raise ValueError(f"recipe.schedule must be one of {known}, not {recipe.schedule!r}")
    if recipe.schedule == "plateau" and recipe.warmup_epochs:
        raise ValueError(
            "recipe.warmup_epochs does not go with recipe.schedule=plateau, which has no course to warm up to"
        )
    if recipe.drops is not None and (recipe.schedule != "plateau" or recipe.drops < 0):
        raise ValueError(
            f"recipe.drops={recipe.drops} must be 0 or more, of recipe.schedule=plateau alone; null is no limit"
        )
    if recipe.lr is None or not recipe.lr > 0:
        raise ValueError(f"recipe.lr must be positive, got {recipe.lr}")
    if recipe.schedule in ("step", "plateau") and not 0 < recipe.factor < 1:
        raise ValueError(f"recipe.factor must lie between 0 and 1, got {recipe.factor}")
    if recipe.schedule == "step" and recipe.step_epochs < 1:
        raise ValueError(f"recipe.step_epochs must be 1 or more, got {recipe.step_epochs}")
    if not 0 < recipe.layer_decay <= 1:
        raise ValueError(f"recipe.layer_decay must be above 0 and at most 1 (none), got {recipe.layer_decay}")
    if not 0 < recipe.fresh_factor < math.inf:
        raise ValueError(f"recipe.fresh_factor must be positive, got {recipe.fresh_factor}")
