"""vggx.probe.signs: the warnings come for the nets that do not learn, and for no others."""

import math
from typing import Any

import pytest
import torch

from vggx.data.batch import Batch
from vggx.net import VGG, Normalise, PreparedNet
from vggx.probe.layers import Seen, seen
from vggx.probe.signs import signs


def look(std: float = 60.0, **options: Any) -> Seen:
    """Plan D, narrow, on noise."""
    torch.manual_seed(0)
    vgg = VGG((3, 32, 32), 10, **({"plan": "D", "width": 1 / 8, "norm": "none"} | options))
    net = PreparedNet(vgg, Normalise([0.0] * 3, [1.0] * 3))
    return seen(net, [Batch(std * torch.randn(8, 3, 32, 32), torch.arange(8))], eaten=True)


@pytest.mark.parametrize(
    ("std", "options"),
    [(60.0, {}), (1.0, {"norm": "batch"}), (1.0, {"init": "he"}), (1.0, {"plan": "micro", "width": 1.0})],
)
def test_nets_that_learn_are_passed_over_in_silence(std: float, options: dict[str, Any]) -> None:
    found = look(std, **options)
    assert signs(found, 10, {layer.name: 0.01 for layer in found.layers}) == []


def test_a_net_that_vanishes() -> None:
    found = look(init="normal")
    (sign,) = signs(found, 10, {})
    assert found.logits_std < 1e-2
    assert found.loss == pytest.approx(math.log(10), abs=1e-4)
    assert sign.startswith("vanishes: the logits have a standard deviation of ")
    first, last = found.layers[0].before.std(), found.layers[-1].before.std()
    assert first is not None
    assert last is not None
    factor = (last / first) ** (1 / 15)  # of 16 layers
    assert f"from conv1_1 to fc8 it goes from {first:.3g} to {last:.3g}, by a factor of {factor:.2g} a layer" in sign


def test_a_net_that_explodes() -> None:
    # a standard deviation of 0.1 grows from a width of 64 on: 0.1 * sqrt(9 * 64 / 2) = 1.7
    found = look(init="normal_variance", width=1.0, grid=(1, 1), head="pooled")
    (sign,) = signs(found, 10, {})
    assert sign.startswith(f"explodes: the loss is {found.loss:.4g}, more than 5 times the ln K = 2.3 of a net")


def test_what_is_not_finite_is_said() -> None:
    found = look(1e38, init="normal_variance")
    assert not math.isfinite(found.loss)
    (sign,) = signs(found, 10, {layer.name: 0.01 for layer in found.layers})
    assert sign.startswith("explodes: the loss is nan;")


def test_a_net_that_has_learned_may_be_sure() -> None:
    vgg = VGG((1, 8), 2, plan="micro:1", head="pooled", dropout=0.0)
    with torch.no_grad():
        vgg.head.fc.weight.copy_(torch.tensor([[100.0], [-100.0]]).expand(2, 16) / 16)
    net = PreparedNet(vgg, Normalise([0.0], [1.0]))
    found = seen(net, [Batch(torch.ones(4, 1, 8), torch.zeros(4, dtype=torch.long))])
    assert found.logits_std > 10
    assert signs(found, 2, {}) == []


def test_dead_layers_are_named() -> None:
    torch.manual_seed(0)
    vgg = VGG((1, 8), 2, plan="micro", norm="none")
    with torch.no_grad():
        vgg.backbone.block2.conv2_1.conv.bias.fill_(-1e3)
    net = PreparedNet(vgg, Normalise([0.0], [1.0]))
    found = signs(seen(net, [Batch(torch.randn(4, 1, 8), torch.tensor([0, 1, 0, 1]))]), 2, {})
    assert "conv2_1 is dead: 100% of its units are zero for all samples" in found
    assert not any(sign.startswith("conv1_1") for sign in found)


def test_steps_too_small_and_too_long() -> None:
    found = look(1.0, norm="batch")
    layers = {layer.name: layer for layer in found.layers}
    relative = {name: layer.norms[0] / layer.weight.norm().item() for name, layer in layers.items()}
    long = signs(found, 10, {"conv3_2": 2.5 / relative["conv3_2"], "fc8": 0.9 / relative["fc8"]})
    assert long == ["the first step is too long: it would change conv3_2 by 2.5 times its norm; lower recipe.lr"]
    lost = {name: lr / relative[name] for name, lr in {"conv1_1": 5e-8, "fc6": 5e-8, "fc7": 7e-8}.items()}
    assert signs(found, 10, lost) == ["a step changes the weights of conv1_1, fc6 by less than float32 can tell"]
