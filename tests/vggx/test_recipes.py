"""vggx.recipes: learning rates worked out by hand, and who is decayed."""

import math
from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, AdamW

from vggx import recipes
from vggx.net import VGG
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


# schedules


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


# optimisers


@pytest.mark.parametrize(("name", "kind"), [("sgd", SGD), ("adamw", AdamW)])
def test_the_optimiser_has_the_recipes_values(name: str, kind: type) -> None:
    optimiser = recipes.optimizer(nn.Linear(2, 2), recipe(optimizer=name, lr=0.3, momentum=0.8, weight_decay=0.07))
    assert type(optimiser) is kind
    assert [group["lr"] for group in optimiser.param_groups] == [0.3, 0.3]
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.07, 0.0]
    assert all(group.get("momentum", 0.8) == 0.8 for group in optimiser.param_groups)


@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_biases_and_norms_are_not_decayed(head: str) -> None:
    net = VGG((1, 8), 2, plan="micro", norm="batch", head=head)
    groups = recipes.optimizer(net, recipe()).param_groups
    owner = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    decay = {name: owner[id(parameter)] for name, parameter in net.named_parameters()}
    assert {name for name, value in decay.items() if value} == {
        name for name in decay if name.endswith("weight") and "norm" not in name
    }
    assert set(decay.values()) == {5e-4, 0.0}


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_decay_alone_shrinks_the_weights_only(name: str) -> None:
    layer = nn.Linear(3, 2)
    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    optimiser = recipes.optimizer(layer, recipe(optimizer=name, lr=0.5, weight_decay=0.1))
    for parameter in layer.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    torch.testing.assert_close(layer.weight.detach(), weight * (1 - 0.5 * 0.1))
    assert torch.equal(layer.bias, bias)


def test_sgd_step_by_hand() -> None:
    """v = 0.9 v + gradient + decay w; w = w - lr v."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    optimiser = recipes.optimizer(layer, recipe(lr=0.1, momentum=0.9, weight_decay=0.01))
    for _ in range(2):
        layer.weight.grad = torch.full((1, 1), 2.0)
        optimiser.step()
    first = 1 - 0.1 * 2.01
    assert layer.weight.item() == pytest.approx(first - 0.1 * (0.9 * 2.01 + 2 + 0.01 * first))


def test_frozen_parameters_are_left_out() -> None:
    net = VGG((1, 8), 2, plan="micro")
    net.backbone.requires_grad_(False)
    trained = [p for group in recipes.optimizer(net, recipe()).param_groups for p in group["params"]]
    assert {id(p) for p in trained} == {id(p) for p in net.head.parameters()}


def test_nothing_left_to_train_is_refused() -> None:
    with pytest.raises(ValueError, match="empty parameter list"):
        recipes.optimizer(nn.Linear(2, 2).requires_grad_(False), recipe())


# rates of their own

SCALES = {"0.weight": 0.25, "0.bias": 0.25, "1.weight": 0.5, "1.bias": 0.5, "2.weight": 1.0, "2.bias": 1.0}


def three_layers() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))


def test_equal_scales_make_the_two_groups_of_older_checkpoints() -> None:
    net = VGG((1, 8), 2, plan="micro", norm="batch")
    groups = recipes.optimizer(net, recipe(), dict.fromkeys(dict(net.named_parameters()), 1.0)).param_groups
    weights, others = ([id(p) for p in net.parameters() if (p.ndim > 1) == decayed] for decayed in (True, False))
    assert [[id(p) for p in group["params"]] for group in groups] == [weights, others]
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(0.2, 5e-4), (0.2, 0.0)]


def test_every_scale_has_a_group_that_is_decayed_and_one_that_is_not() -> None:
    net = three_layers()
    groups = recipes.optimizer(net, recipe(), SCALES).param_groups
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    found = {names[id(p)]: (g["lr"], g["weight_decay"], g["scale"]) for g in groups for p in g["params"]}
    assert found == {
        name: (0.2 * scale, 5e-4 if name.endswith("weight") else 0.0, scale) for name, scale in SCALES.items()
    }
    assert len(groups) == 6


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


# refusals


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


# mixup


def test_mixup_mixes_samples_and_labels_by_the_same_share() -> None:
    torch.manual_seed(3)
    x = torch.arange(6.0)[:, None] * torch.ones(6, 4)
    labels = torch.arange(6)
    mixed, lengths, target = recipes.mixup(x, None, labels, 6, alpha=1.0)
    assert lengths is None
    torch.testing.assert_close(target.sum(1), torch.ones(6))
    # a sample's value is its label, so the expected label under the target is the mixture itself
    torch.testing.assert_close(mixed, (target @ labels.float())[:, None].expand(6, 4))
    shares = target[torch.arange(6), labels]
    assert len(set(shares.tolist())) > 2  # each sample has a share of its own


def test_a_mixture_is_as_long_as_its_longer_clip() -> None:
    torch.manual_seed(0)
    lengths = torch.tensor([3, 10, 6, 8])
    _, longer, target = recipes.mixup(torch.zeros(4, 10), lengths, torch.arange(4), 4, alpha=1.0)
    for index in range(4):
        parts = set(target[index].nonzero().flatten().tolist()) | {index}
        assert longer[index] == max(lengths[part] for part in parts)


def test_bytes_are_mixed_as_floats() -> None:
    torch.manual_seed(0)
    pixels = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    mixed, _, target = recipes.mixup(pixels, None, torch.tensor([0, 1]), 2, alpha=0.4)
    torch.testing.assert_close(mixed[:, 0, 0, 0], target[:, 1])


def test_shares_are_drawn_from_beta() -> None:
    """Of Beta(a, a) the mean is 1/2 and the variance 1 / (4 (2 a + 1))."""
    torch.manual_seed(0)
    n = 4000
    _, _, target = recipes.mixup(torch.zeros(n, 1), None, torch.arange(n), n, alpha=0.4)
    shares = target.diagonal()
    assert shares.mean().item() == pytest.approx(0.5, abs=0.02)
    assert shares.var().item() == pytest.approx(1 / (4 * 1.8), rel=0.06)


def test_a_negative_mixup_is_refused() -> None:
    with pytest.raises(ValueError, match=r"recipe\.mixup must be 0 \(none\) or more, got -0\.1"):
        recipes.check(recipe(mixup=-0.1))


# how the step is made


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_fused_step_gives_the_weights_of_one_that_is_not(name: str) -> None:
    nets = [VGG((1, 8, 8), 3, plan="micro") for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    made = [
        recipes.optimizer(net, recipe(optimizer=name), clips=clips)
        for net, clips in zip(nets, (False, True), strict=True)
    ]
    assert [optimiser.param_groups[0]["fused"] for optimiser in made] == [True, False]
    x = torch.rand(4, 1, 8, 8)
    for net, optimiser in zip(nets, made, strict=True):
        net.eval()  # without the draws of dropout
        for _ in range(3):
            optimiser.zero_grad()
            net(x).square().sum().backward()
            optimiser.step()
    for fused, plain in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(fused, plain)
