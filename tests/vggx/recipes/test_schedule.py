"""vggx.recipes.schedule: learning rates worked out by hand."""

import math
from dataclasses import asdict
from typing import Any, cast

import pytest
from omegaconf import OmegaConf
from torch import nn
from torch.optim import SGD, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, StepLR

from vggx import configs, recipes
from vggx.options import Recipe

EPOCHS, PER_EPOCH = 10, 5  # 50 steps


def recipe(**options: Any) -> Recipe:
    return Recipe(**({"optimizer": "sgd", "lr": 0.2, "weight_decay": 5e-4} | options))


def rates(chosen: Recipe, epochs: int = EPOCHS, per_epoch: int = PER_EPOCH) -> list[float]:
    """The learning rate of every optimiser step of a run."""
    optimiser = recipes.optimizer(nn.Linear(2, 2), chosen)
    schedule = recipes.scheduler(optimiser, chosen, epochs * per_epoch, epochs)
    found = []
    for _ in range(epochs * per_epoch):
        assert len({group["lr"] for group in optimiser.param_groups}) == 1
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


def test_cosine_falls_from_lr_to_nothing() -> None:
    found = rates(recipe(schedule="cosine"))
    assert found[0] == 0.2
    assert found[25] == pytest.approx(0.1)  # half-way
    assert found[10] == pytest.approx(0.1 * (1 + math.cos(math.pi / 5)))
    assert found[-1] == pytest.approx(0.1 * (1 + math.cos(math.pi * 49 / 50)))
    assert recipes.multiplier(recipe(), 50, PER_EPOCH, EPOCHS) == pytest.approx(0, abs=1e-12)
    assert recipes.multiplier(recipe(), 500, PER_EPOCH, EPOCHS) == pytest.approx(0, abs=1e-12)


def test_cosine_starts_where_the_warm_up_ends() -> None:
    found = rates(recipe(schedule="cosine", warmup_epochs=2))
    assert found[10] == 0.2
    assert found[30] == pytest.approx(0.1)  # half-way from epoch 2 to epoch 10
    assert found[-1] == pytest.approx(0.1 * (1 + math.cos(math.pi * 39 / 40)))


@pytest.mark.parametrize("schedule", ["cosine", "constant", "step"])
@pytest.mark.parametrize("warmup", [1, 2, 0.5, 1.5])
def test_warm_up_is_linear_and_reaches_lr(schedule: str, warmup: float) -> None:
    found = rates(recipe(schedule=schedule, warmup_epochs=warmup))
    rising = math.ceil(warmup * PER_EPOCH)
    steps = warmup * PER_EPOCH + 1
    assert found[:rising] == pytest.approx([0.2 * (n + 1) / steps for n in range(rising)])
    assert 0 < found[0] < 0.2 / warmup / PER_EPOCH
    assert max(found) == found[rising] == pytest.approx(0.2, rel=1e-2)
    if float(warmup * PER_EPOCH).is_integer():
        assert found[rising] == 0.2


def test_step_falls_at_the_epochs() -> None:
    found = rates(recipe(schedule="step", step_epochs=3, factor=0.1))
    expected = [0.2] * 15 + [0.02] * 15 + [0.002] * 15 + [0.0002] * 5
    assert found == pytest.approx(expected)


def test_step_counts_epochs_from_the_start_of_the_run() -> None:
    found = rates(recipe(schedule="step", step_epochs=4, factor=0.5, warmup_epochs=1))
    assert found[5:] == pytest.approx([0.2] * 15 + [0.1] * 20 + [0.05] * 10)


@pytest.mark.parametrize("per_epoch", [1, 3, 7, 49])
def test_step_is_exact_at_any_number_of_steps(per_epoch: int) -> None:
    found = rates(recipe(schedule="step", step_epochs=30, factor=0.1), epochs=90, per_epoch=per_epoch)
    assert [found.index(rate) for rate in sorted(set(found), reverse=True)] == [0, 30 * per_epoch, 60 * per_epoch]


@pytest.mark.parametrize("per_epoch", [1, 3, 7])
def test_step_falls_with_the_first_step_of_every_epoch(per_epoch: int) -> None:
    """Of 49 epochs seven are less than whole as a share of the run times 49: 1 / 49 * 49 is 0.9999999999999999."""
    assert sum(int(epoch / 49 * 49) < epoch for epoch in range(49)) == 7
    found = rates(recipe(schedule="step", step_epochs=1, factor=0.9), epochs=49, per_epoch=per_epoch)
    assert found == pytest.approx([0.2 * 0.9 ** (step // per_epoch) for step in range(49 * per_epoch)])


def test_constant() -> None:
    assert set(rates(recipe(schedule="constant"))) == {0.2}


def test_plateau_waits_for_its_patience() -> None:
    chosen = recipe(schedule="plateau", patience=2, factor=0.1)
    optimiser = recipes.optimizer(nn.Linear(2, 2), chosen)
    schedule = recipes.scheduler(optimiser, chosen, 50, 10)
    found = []
    for accuracy in (0.5, 0.6, 0.6, 0.55, 0.4, 0.7, 0.7, 0.6, 0.6):
        schedule.step(accuracy)
        found.append(optimiser.param_groups[0]["lr"])
    # 0.6 is the best; three epochs are no better, the third exceeds the patience; the same after 0.7
    assert found == pytest.approx([0.2, 0.2, 0.2, 0.2, 0.02, 0.02, 0.02, 0.02, 0.002])


def test_plateau_falls_three_times_and_ends_at_the_fourth_stall() -> None:
    chosen = recipe(schedule="plateau", patience=1, drops=3)
    optimiser = recipes.optimizer(nn.Linear(2, 2), chosen)
    schedule = recipes.scheduler(optimiser, chosen, 50, 10)
    found = []
    # a stall is the second epoch in a row that is no better
    for accuracy in (0.5, 0.4, 0.6, 0.6, 0.6, 0.5, 0.5, 0.7, 0.1, 0.2, 0.3, 0.4):
        schedule.step(accuracy)
        found.append((round(math.log10(0.2 / optimiser.param_groups[0]["lr"])), schedule.ended))
    falls = [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4]
    assert found == [(fall, fall == 4) for fall in falls]


def test_a_run_that_has_ended_is_restored_as_such_and_goes_on_with_more_drops() -> None:
    chosen = recipe(schedule="plateau", patience=0, drops=1)
    schedules = []
    for _ in range(2):
        optimiser = recipes.optimizer(nn.Linear(2, 2), chosen)
        schedules.append(recipes.scheduler(optimiser, chosen, 50, 10))
    for _ in range(3):
        schedules[0].step(0.5)
    schedules[1].load_state_dict(schedules[0].state_dict())
    assert schedules[1].ended
    recipes.renew(optimiser, schedules[1], recipe(schedule="plateau", patience=0, drops=2), asdict(chosen))
    assert not schedules[1].ended
    schedules[1].step(0.5)
    assert schedules[1].ended


def test_a_plateau_without_drops_never_ends() -> None:
    chosen = recipe(schedule="plateau", patience=0)
    schedule = recipes.scheduler(recipes.optimizer(nn.Linear(2, 2), chosen), chosen, 50, 10)
    for _ in range(20):
        schedule.step(0.5)
    assert (schedule.stalls, schedule.ended) == (19, False)


# as packaged


def packaged(name: str) -> Recipe:
    return cast(Recipe, OmegaConf.to_object(configs.load(f"recipe/{name}")))


def test_vgg2014_divides_by_ten_three_times() -> None:
    chosen = packaged("vgg2014")
    schedule = recipes.scheduler(recipes.optimizer(nn.Linear(2, 2), chosen), chosen, 50, 10)
    assert (chosen.optimizer, chosen.lr, chosen.batch, chosen.momentum, chosen.weight_decay) == (
        "sgd", 0.01, 256, 0.9, 5e-4,
    )  # fmt: skip
    assert (schedule.factor, schedule.drops) == (0.1, 3)


def test_torchvision_divides_by_ten_every_30_of_90_epochs() -> None:
    """Against the schedule of its reference training, torch's StepLR(step_size=30, gamma=0.1)."""
    reference = SGD(nn.Linear(2, 2).parameters(), lr=0.01)
    stepped = StepLR(reference, step_size=30, gamma=0.1)
    wanted = []
    for _ in range(90):
        wanted.append(reference.param_groups[0]["lr"])
        reference.step()
        stepped.step()
    found = rates(packaged("torchvision"), epochs=90, per_epoch=2)
    assert found[::2] == found[1::2] == pytest.approx(wanted)


def test_modern_rises_for_5_epochs_and_falls_to_nothing() -> None:
    """After the rise, against torch's CosineAnnealingLR."""
    found = rates(packaged("modern"), epochs=20, per_epoch=4)
    assert found[:20] == pytest.approx([1e-3 * (n + 1) / 21 for n in range(20)])
    reference = AdamW(nn.Linear(2, 2).parameters(), lr=1e-3)
    annealed = CosineAnnealingLR(reference, T_max=60)
    for step in range(60):
        assert found[20 + step] == pytest.approx(reference.param_groups[0]["lr"]), step
        reference.step()
        annealed.step()
    assert reference.param_groups[0]["lr"] == pytest.approx(0)


# rates of their own

SCALES = {"0.weight": 0.25, "0.bias": 0.25, "1.weight": 0.5, "1.bias": 0.5, "2.weight": 1.0, "2.bias": 1.0}


def three_layers() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant", "plateau"])
def test_a_schedule_keeps_the_ratios(schedule: str) -> None:
    # of 1e-7 a quarter falls to less than the 1e-8 by which torch's plateau would have it fall at the least
    chosen = recipe(
        schedule=schedule, lr=1e-7, warmup_epochs=0 if schedule == "plateau" else 1, step_epochs=3, patience=0
    )
    optimiser = recipes.optimizer(three_layers(), chosen, SCALES)
    course = recipes.scheduler(optimiser, chosen, 10 * PER_EPOCH, 10)
    seen = set()
    for _ in range(10 * PER_EPOCH):
        head = optimiser.param_groups[-1]["lr"]
        assert [g["lr"] for g in optimiser.param_groups] == pytest.approx(
            [head * g["scale"] for g in optimiser.param_groups]
        )
        assert recipes.unscaled_lr(optimiser) == head
        seen.add(head)
        optimiser.step()
        course.step(*([0.5] if schedule == "plateau" else []))
    assert len(seen) > 2


def test_the_unscaled_rate_is_the_recipes_whatever_the_last_groups_is() -> None:
    for last in (10.0, 0.1, 3.0):
        optimiser = recipes.optimizer(nn.Linear(2, 2), recipe(), {"weight": 0.5, "bias": last})
        assert optimiser.param_groups[-1]["lr"] == 0.2 * last
        assert recipes.unscaled_lr(optimiser) == pytest.approx(0.2, rel=1e-15)


def test_a_new_rate_of_a_resumed_run_keeps_the_scales_and_the_course() -> None:
    chosen = recipe(schedule="cosine")
    optimiser = recipes.optimizer(three_layers(), chosen, SCALES)
    course = recipes.scheduler(optimiser, chosen, 50, 10)
    for _ in range(25):
        optimiser.step()
        course.step()
    recipes.renew(optimiser, course, recipe(schedule="cosine", lr=2.0), asdict(chosen))
    scales = [group["scale"] for group in optimiser.param_groups]
    assert [g["lr"] for g in optimiser.param_groups] == pytest.approx([1.0 * scale for scale in scales])  # half-way
    course.step()
    half = 1 + math.cos(math.pi * 26 / 50)
    assert [g["lr"] for g in optimiser.param_groups] == pytest.approx([half * scale for scale in scales])


def test_a_new_rate_of_a_resumed_plateau_keeps_the_scales() -> None:
    chosen = recipe(schedule="plateau")
    optimiser = recipes.optimizer(three_layers(), chosen, SCALES)
    course = recipes.scheduler(optimiser, chosen, 50, 10)
    recipes.renew(optimiser, course, recipe(schedule="plateau", lr=2.0), asdict(chosen))
    assert [g["lr"] for g in optimiser.param_groups] == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0]


def test_groups_of_an_older_checkpoint_have_no_scale_and_get_1() -> None:
    chosen = recipe(schedule="constant")
    optimiser = recipes.optimizer(nn.Linear(2, 2), chosen)
    for group in optimiser.param_groups:
        del group["scale"]
    course = recipes.scheduler(optimiser, chosen, 50, 10)
    recipes.renew(optimiser, course, recipe(schedule="constant", lr=0.1), asdict(chosen))
    assert [(group["lr"], group["scale"]) for group in optimiser.param_groups] == [(0.1, 1.0), (0.1, 1.0)]
    assert recipes.unscaled_lr(optimiser) == 0.1


def test_weight_decay_comes_back_on_resuming() -> None:
    chosen = recipe(weight_decay=0.0)
    optimiser = recipes.optimizer(nn.Linear(2, 2), chosen)
    course = recipes.scheduler(optimiser, chosen, 50, 10)
    recipes.renew(optimiser, course, recipe(weight_decay=5e-4), asdict(chosen))
    assert [group["weight_decay"] for group in optimiser.param_groups] == [5e-4, 0.0]  # not of the bias
