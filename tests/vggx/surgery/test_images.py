"""Weights that keep their dims: torchvision's logits from torchvision's nets, at their own width.

Of narrow nets of all eight kinds `tests/vggx/weights/test_source.py` asks the same.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision import models

from tests.vggx.surgery.conftest import CLASSES, block_maps
from vggx.init import Undrawn
from vggx.net import VGG
from vggx.surgery.transfer import load, transfer
from vggx.weights.source import of_state

Make = Callable[[str, str], models.VGG]
NEAR = 1e-5  # of a map's greatest value


def ours_of(theirs: models.VGG, plan: str, norm: str) -> VGG:
    with Undrawn():
        net = VGG((3, 224, 224), CLASSES, plan=plan, norm=norm).eval()
    found = transfer(of_state(theirs.state_dict()), net)
    assert {(row["rule"], row["result"]) for row in found.rows} == {("copy", "copied")}
    load(net, found, "glorot")
    return net


def picture(side: int) -> Tensor:
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(2))


def far(a: Tensor, b: Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("plan", ["A", "D", *(pytest.param(plan, marks=pytest.mark.slow) for plan in ("B", "E"))])
def test_maps_and_logits_are_torchvisions(plan: str, norm: str, torchvision_net: Make) -> None:
    theirs = torchvision_net(plan, norm)
    ours = ours_of(theirs, plan, norm)
    x = picture(112)
    maps = ours.backbone(x)
    for mine, wanted in zip(maps, block_maps(theirs, x), strict=True):
        assert far(mine, wanted) <= NEAR
    logits = theirs(x)
    assert logits.abs().max() > 0.1
    assert far(ours.head(maps), logits) <= NEAR


def test_the_same_at_the_size_that_the_weights_were_trained_at(torchvision_net: Make) -> None:
    theirs = torchvision_net("A", "none")
    x = picture(224)
    assert far(ours_of(theirs, "A", "none")(x), theirs(x)) <= NEAR
