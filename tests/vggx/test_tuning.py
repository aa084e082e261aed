"""vggx.tuning: what is frozen, and the learning rates of layers, worked out by hand."""

from typing import Any

import pytest
import torch

from vggx import recipes, tuning
from vggx.net import VGG
from vggx.options import Recipe


def recipe(**options: Any) -> Recipe:
    return Recipe(**({"optimizer": "sgd", "lr": 0.2, "weight_decay": 0.0, "momentum": 0.0} | options))


def micro(**options: Any) -> VGG:
    return VGG((1, 8), 2, **({"plan": "micro", "norm": "batch", "head": "fc"} | options))


def scales(net: VGG, chosen: Recipe, fresh: list[str] | None = None) -> dict[str, float]:
    return {name: pace.scale for name, pace in tuning.paces(net, chosen, fresh).items()}


# freezing


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_first_blocks_are_frozen_and_in_evaluation_mode(count: int) -> None:
    net = micro()
    blocks = tuning.freeze(net, count)
    assert [id(block) for block in blocks] == [id(block) for block in list(net.backbone)[:count]]
    frozen = {name for name, parameter in net.named_parameters() if not parameter.requires_grad}
    wanted = tuple(f"backbone.block{number}." for number in range(1, count + 1))
    assert frozen == {name for name, _ in net.named_parameters() if name.startswith(wanted or "none")}
    assert len(frozen) == 4 * count  # weight and bias of a convolution and of its norm
    still = {name for name, module in net.named_modules() if not module.training}
    assert still == {name for name, _ in net.named_modules() if f"{name}.".startswith(wanted or "none")}


@pytest.mark.parametrize("count", [-1, 4, 99])
def test_more_blocks_than_there_are_and_fewer_than_none_are_refused(count: int) -> None:
    net = micro()
    with pytest.raises(ValueError, match=rf"freeze={count}: the net has 3 blocks, so it must be from 0 .* to 3 "):
        tuning.freeze(net, count)
    assert all(parameter.requires_grad for parameter in net.parameters())


# layer decay


def test_every_block_has_its_own_rate_and_the_head_the_recipes() -> None:
    net = VGG((3, 32, 32), 10, plan="D", width=1 / 64, norm="batch")
    by_part: dict[str, set[float]] = {}
    for name, scale in scales(net, recipe(layer_decay=0.5)).items():
        by_part.setdefault(name.split(".")[1] if name.startswith("backbone") else "head", set()).add(scale)
    wanted = {"block1": 1 / 32, "block2": 1 / 16, "block3": 1 / 8, "block4": 1 / 4, "block5": 1 / 2, "head": 1.0}
    assert by_part == {part: {scale} for part, scale in wanted.items()}
    assert len(scales(net, recipe(layer_decay=0.5))) == len(list(net.parameters()))


def test_a_norm_is_no_layer_of_its_own() -> None:
    plain, normed = (scales(micro(norm=norm), recipe(layer_decay=0.75)) for norm in ("none", "batch"))
    assert {name: normed[name] for name in plain} == plain
    for layer in ("conv1_1", "conv2_1", "conv3_1"):
        assert len({scale for name, scale in normed.items() if f".{layer}." in name}) == 1
    assert normed["backbone.block1.conv1_1.norm.weight"] == pytest.approx(0.421875)  # 27 / 64


@pytest.mark.parametrize("plan", ["micro", "mini"])
@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_one_step_moves_every_parameter_by_its_rate(plan: str, head: str) -> None:
    net = micro(plan=plan, head=head)
    before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
    chosen = recipe(lr=1.0, layer_decay=0.5, fresh_factor=4.0)
    optimiser = recipes.optimizer(net, chosen, scales(net, chosen, ["conv2_1", "fc8", "fc"]))
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    rates = {
        "conv1": 1 / 8,
        "conv2_1": 4 * 1 / 4,
        "conv2_2": 1 / 4,
        "conv3": 1 / 2,
        "fc6": 1,
        "fc7": 1,
        "fc8": 4,
        "fc": 4,
    }
    for name, parameter in net.named_parameters():
        rate = next(rate for layer, rate in rates.items() if f".{layer}" in name)
        torch.testing.assert_close(
            parameter.detach(), before[name] - rate, msg=lambda text, name=name: f"{name}: {text}"
        )


# rates of blocks


def test_every_block_and_the_head_have_the_rates_given() -> None:
    net = VGG((1, 8), 2, plan="mini", norm="batch")
    chosen = recipe(lr=0.5, block_rates=[0.1, 0.2, 1.0, 0.4])
    wanted = {"block1": 0.05, "block2": 0.1, "block3": 0.5, "head": 0.2}
    optimiser = recipes.optimizer(net, chosen, scales(net, chosen))
    rates = {id(parameter): group["lr"] for group in optimiser.param_groups for parameter in group["params"]}
    found: dict[str, set[float]] = {}
    for name, parameter in net.named_parameters():
        found.setdefault(name.split(".")[1] if name.startswith("backbone") else "head", set()).add(rates[id(parameter)])
    assert found == {part: {rate} for part, rate in wanted.items()}
    assert recipes.unscaled_lr(optimiser) == pytest.approx(0.5)


def test_rates_of_blocks_go_with_fresh_layers_and_with_frozen_blocks() -> None:
    net = micro()
    tuning.freeze(net, 1)
    found = scales(net, recipe(block_rates=[9.0, 0.5, 1.0, 0.25], fresh_factor=4.0), ["fc8"])
    assert found["head.fc8.weight"] == 1.0
    assert set(found.values()) == {0.5, 1.0, 0.25}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"block_rates": [1.0, 1.0, 1.0]},
            r"block_rates has 3 rates: this net takes 4, one for each of its 3 blocks and",
        ),
        ({"block_rates": [1.0] * 5}, "block_rates has 5 rates: this net takes 4"),
        ({"block_rates": []}, "block_rates has 0 rates"),
        ({"block_rates": [0.0, 1.0, 1.0, 1.0]}, r"block_rates must be positive, got \[0.0.*freeze=K"),
        ({"block_rates": [float("inf"), 1.0, 1.0, 1.0]}, "block_rates must be positive"),
        ({"block_rates": [1.0] * 4, "layer_decay": 0.5}, r"block_rates and recipe\.layer_decay=0\.5 both say"),
    ],
)
def test_rates_that_do_not_fit_the_net_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tuning.paces(micro(), recipe(**options), None)


# fresh layers


@pytest.mark.parametrize(
    ("fresh", "wanted"),
    [
        (["fc"], {"head.fc.weight", "head.fc.bias"}),
        # a norm of a fresh convolution measures maps that it has never seen
        (["conv2_1"], {f"backbone.block2.conv2_1.{p}.{q}" for p in ("conv", "norm") for q in ("weight", "bias")}),
        (["conv1_1.norm"], {"backbone.block1.conv1_1.norm.weight", "backbone.block1.conv1_1.norm.bias"}),
        ([], set()),
    ],
)
def test_fresh_layers_are_sped_up(fresh: list[str], wanted: set[str]) -> None:
    net = micro(head="pooled")
    found = tuning.paces(net, recipe(fresh_factor=10.0, layer_decay=0.5), fresh)
    plain = scales(net, recipe(layer_decay=0.5))
    assert {name for name, pace in found.items() if pace.fresh} == wanted
    for name, pace in found.items():
        assert pace.scale == pytest.approx(plain[name] * (10 if name in wanted else 1))


def test_a_fresh_layer_does_not_stand_for_its_block() -> None:
    net = VGG((1, 16), 2, plan="E", width=1 / 64, grid=[1], pools=[1, 2, 2, 2, 2])
    found = tuning.paces(net, recipe(), ["conv3_1", "fc"])
    assert {name.split(".")[2] for name, pace in found.items() if pace.fresh} == {"conv3_1"}


def test_a_net_without_weights_has_no_fresh_layers() -> None:
    with pytest.raises(ValueError, match=r"recipe\.fresh_factor=3\.0 needs weights=\.\.\."):
        tuning.paces(micro(), recipe(fresh_factor=3.0), None)
    assert set(scales(micro(), recipe(), None).values()) == {1.0}


def test_what_is_frozen_has_no_rate() -> None:
    net = micro()
    tuning.freeze(net, 2)
    found = tuning.paces(net, recipe(layer_decay=0.5), None)
    assert {pace.part for pace in found.values()} == {"block3", "head"}
    assert {pace.scale for pace in found.values()} == {0.5, 1.0}  # the frozen blocks still count


def test_rates_in_a_line() -> None:
    net = micro()
    tuning.freeze(net, 1)
    found = tuning.paces(net, recipe(layer_decay=0.75, fresh_factor=10.0), ["conv3_1", "fc8"])
    said = tuning.in_a_line(found, 0.02)
    assert said == "block2 0.01125, block3 (fresh) 0.15, head 0.02, head (fresh) 0.2"
