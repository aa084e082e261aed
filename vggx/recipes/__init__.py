"""Recipe -> optimiser, schedule, mixed batches; `ema`, which needs Lightning, is imported by its own name."""

from vggx.recipes.accumulation import accumulation
from vggx.recipes.batches import cutmix, mixed, mixup
from vggx.recipes.check import check
from vggx.recipes.choices import OPTIMIZERS, SCHEDULES
from vggx.recipes.optimiser import optimizer, unscaled_lr
from vggx.recipes.schedule import Plateau, multiplier, renew, scheduler

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Plateau",
    "accumulation",
    "check",
    "cutmix",
    "mixed",
    "mixup",
    "multiplier",
    "optimizer",
    "renew",
    "scheduler",
    "unscaled_lr",
]
