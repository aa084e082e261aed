"""vggx.recipes.optimiser: its values, who is decayed, and how the step is made."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, AdamW

from vggx import recipes
from vggx.net import VGG
from vggx.options import Recipe


def recipe(**options: Any) -> Recipe:
    return Recipe(**({"optimizer": "sgd", "lr": 0.2, "weight_decay": 5e-4} | options))


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


def test_decay_of_biases_too_is_torchs_own_sgd() -> None:
    """As torchvision's reference training makes it: SGD(parameters, weight_decay=...)."""
    nets = [VGG((1, 8, 8), 3, plan="micro", norm="batch", head="pooled", dropout=0.0) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    made = [
        recipes.optimizer(nets[0], recipe(lr=0.01, weight_decay=0.05, decay_biases=True)),
        SGD(nets[1].parameters(), lr=0.01, momentum=0.9, weight_decay=0.05),
    ]
    x = torch.rand(4, 1, 8, 8)
    for net, optimiser in zip(nets, made, strict=True):
        for _ in range(3):
            optimiser.zero_grad()
            net(x).square().mean().backward()
            optimiser.step()
    for ours, torchs in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(ours, torchs)
    assert [group["weight_decay"] for group in made[0].param_groups] == [0.05]


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


# how the step is made


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_fused_step_gives_the_weights_of_one_that_is_not(name: str) -> None:
    torch.manual_seed(0)
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
