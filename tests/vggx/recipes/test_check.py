"""vggx.recipes.check: what cannot be followed, by its name."""

from typing import Any

import pytest
from torch import nn

from vggx import recipes
from vggx.options import Recipe


def recipe(**options: Any) -> Recipe:
    return Recipe(**({"optimizer": "sgd", "lr": 0.2, "weight_decay": 5e-4} | options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adam"}, "recipe.optimizer must be one of sgd, adamw, not 'adam'"),
        ({"optimizer": None}, "recipe.optimizer must be one of sgd, adamw, not None"),
        ({"schedule": "linear"}, "recipe.schedule must be one of cosine, step, constant, plateau, not 'linear'"),
        ({"schedule": "plateau", "warmup_epochs": 1}, "recipe.warmup_epochs does not go with recipe.schedule=plateau"),
        ({"lr": 0.0}, "recipe.lr must be positive, got 0.0"),
        ({"lr": -1.0}, "recipe.lr must be positive, got -1.0"),
        ({"lr": float("nan")}, "recipe.lr must be positive, got nan"),
        ({"lr": None}, "recipe.lr must be positive, got None"),
        ({"warmup_epochs": -1}, "recipe.warmup_epochs must be 0 or more.*got -1 and 0.0"),
        ({"label_smoothing": 1.0}, "recipe.label_smoothing from 0 up to below 1.*got 0.0 and 1.0"),
        ({"label_smoothing": -0.1}, "recipe.label_smoothing from 0 up to below 1.*got 0.0 and -0.1"),
        ({"schedule": "step", "step_epochs": 0}, "recipe.step_epochs"),
        ({"schedule": "plateau", "factor": 1.0}, "recipe.factor must lie between 0 and 1, got 1.0"),
        ({"schedule": "plateau", "drops": -1}, "recipe.drops=-1 must be 0 or more"),
        ({"schedule": "cosine", "drops": 3}, "recipe.drops=3 .* of recipe.schedule=plateau alone"),
        ({"batch": 0}, "recipe.batch must be 1 sample or more, got 0"),
        ({"mixup": -0.1}, r"recipe.mixup must be 0 \(none\) or more, got -0.1"),
        ({"cutmix": -1.0}, r"recipe.cutmix must be 0 \(none\) or more, got -1.0"),
        ({"cutmix": float("nan")}, "recipe.cutmix must be 0"),
        ({"ema": 1.0}, r"recipe.ema must be 0 \(none\) or more and below 1, such as 0.9998, got 1.0"),
        ({"ema": -0.5}, "recipe.ema must be 0"),
        ({"layer_decay": 0.0}, "recipe.layer_decay must be above 0 and at most 1 .none., got 0.0"),
        ({"layer_decay": 1.1}, "recipe.layer_decay must be above 0 and at most 1 .none., got 1.1"),
        ({"layer_decay": float("nan")}, "recipe.layer_decay must be above 0 and at most 1 .none., got nan"),
        ({"fresh_factor": 0.0}, "recipe.fresh_factor must be positive, got 0.0"),
        ({"fresh_factor": float("inf")}, "recipe.fresh_factor must be positive, got inf"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipes.check(recipe(**options))
    with pytest.raises(ValueError, match=message):
        recipes.optimizer(nn.Linear(2, 2), recipe(**options))


def test_every_schedule_and_optimiser_passes_the_check() -> None:
    for schedule in (*recipes.SCHEDULES, "plateau"):
        for name in recipes.OPTIMIZERS:
            assert recipes.check(recipe(schedule=schedule, optimizer=name)) is None
