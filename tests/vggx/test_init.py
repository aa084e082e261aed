"""vggx.init: the spread of every weight, measured."""

import math

import pytest
import torch
from torch import Tensor
from torchvision import models

from vggx.init import INITS, initialise
from vggx.net import VGG

SHAPES = {1: (64, 16), 2: (64, 16, 16), 3: (64, 8, 8, 8)}


def fans(weight: Tensor) -> tuple[int, int]:
    positions = math.prod(weight.shape[2:])
    return weight.shape[1] * positions, weight.shape[0] * positions


STD = {
    "glorot": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    "normal": lambda fan_in, fan_out: 0.01,
    "normal_variance": lambda fan_in, fan_out: math.sqrt(1e-2),
    "he": lambda fan_in, fan_out: math.sqrt(2 / fan_out),
    "torchvision": lambda fan_in, fan_out: math.sqrt(2 / fan_out),  # of its convolutions
}


def test_every_scheme_is_asked() -> None:
    assert set(STD) == set(INITS)


@pytest.mark.parametrize("dims", SHAPES)
@pytest.mark.parametrize("scheme", STD)
def test_spread_of_the_weights(dims: int, scheme: str) -> None:
    torch.manual_seed(0)
    net = VGG(SHAPES[dims], 50, plan="micro", init=scheme)
    weights = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    assert len(weights) == 6
    for weight in weights:
        wanted = STD[scheme](*fans(weight))
        if scheme == "torchvision" and any(weight is other for other in net.head.parameters()):
            wanted = 0.01
        slack = 5 / math.sqrt(weight.numel())  # five standard errors, generously
        assert weight.std().item() == pytest.approx(wanted, rel=slack)
        assert abs(weight.mean().item()) < slack * wanted


def test_glorot_is_uniform() -> None:
    weight = VGG(SHAPES[2], 50, plan="micro").head.fc6.weight
    bound = math.sqrt(6 / sum(fans(weight)))
    assert 0.999 * bound < weight.abs().max() <= bound


@pytest.mark.parametrize("scheme", ["normal", "normal_variance", "he"])
def test_the_others_are_normal(scheme: str) -> None:
    weight = VGG(SHAPES[2], 50, plan="micro", init=scheme).head.fc6.weight
    within = (weight.abs() < weight.std()).float().mean().item()
    assert within == pytest.approx(0.6827, abs=0.01)


@pytest.mark.parametrize("scheme", STD)
def test_biases_are_zero_and_norms_leave_their_input_alone(scheme: str) -> None:
    net = VGG((3, 16), 5, plan="micro", norm="batch", init=scheme)
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            assert parameter.count_nonzero() == 0, name
        if name.endswith("norm.weight"):
            assert torch.equal(parameter, torch.ones_like(parameter)), name


@pytest.mark.parametrize("scheme", STD)
def test_the_seed_decides(scheme: str) -> None:
    def drawn(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return VGG((1, 8), 2, plan="micro", init=scheme).head.fc8.weight

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_std_of_a_hundredth_makes_a_deep_net_fall_silent_and_glorot_does_not() -> None:
    """Why the paper trains A first and starts the deeper nets from it (its section 3.1)."""

    def loudness(plan: str, init: str) -> float:
        torch.manual_seed(0)
        net = VGG((3, 32, 32), 10, plan=plan, width=0.25, init=init).eval()
        with torch.no_grad():
            return net(60 * torch.randn(16, 3, 32, 32)).std().item()

    assert loudness("D", "glorot") > 1e-2
    assert loudness("D", "normal") < 1e-3 * loudness("D", "glorot")
    assert loudness("D", "normal") < 0.1 * loudness("A", "normal")


@pytest.mark.parametrize("share", ["whole", "parts"])
def test_torchvisions_net_begins_with_the_same_spreads(share: str) -> None:
    """Layer by layer; also where a net inherits nothing and its layers are drawn one by one."""
    torch.manual_seed(0)
    net = VGG((3, 32, 32), 10, plan="A", width=0.25, init="torchvision" if share == "whole" else "glorot")
    if share == "parts":
        for name, module in net.named_modules():
            if isinstance(module, torch.nn.Conv2d):
                initialise(module, "torchvision", head=name.startswith("head."))
    theirs = models.vgg11(init_weights=True)
    convolutions = [m for m in theirs.features if isinstance(m, torch.nn.Conv2d)]
    ours = [p for p in net.backbone.parameters() if p.ndim > 1]
    for weight, other in zip(ours, convolutions, strict=True):
        # the deviation falls with the root of the width, here a quarter of theirs
        assert weight.std().item() == pytest.approx(2 * other.weight.std().item(), rel=0.15)
    linear = [m.weight.std().item() for m in theirs.classifier if isinstance(m, torch.nn.Linear)]
    for weight, std in zip([p for p in net.head.parameters() if p.ndim > 1], linear, strict=True):
        assert weight.std().item() == pytest.approx(std, rel=0.05)


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match=r"init must be one of glorot, normal, normal_variance, he, .*not 'xavier'"):
        initialise(torch.nn.Linear(2, 2), "xavier")
