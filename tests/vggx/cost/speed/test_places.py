"""Where the time goes: a layer that sleeps takes the most of it."""

import time

import pytest
import torch
from torch import Tensor, nn

from vggx.cost.speed import places
from vggx.net import VGG

CPU = torch.device("cpu")


class Slow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        time.sleep(0.01)
        return x


def test_layers_in_their_order_with_their_share() -> None:
    net = nn.Sequential(nn.Linear(3, 3), Slow(), nn.ReLU())
    found = places.layers(net, lambda: net(torch.rand(2, 3)), CPU)
    assert [row["layer"] for row in found] == ["0", "1", "2"]
    assert sum(row["share"] for row in found) == pytest.approx(1)
    assert found[1]["share"] > 0.8
    assert 10 <= found[1]["ms"] < 20
    assert not net[1]._forward_hooks
    assert not net[1]._forward_pre_hooks


def test_of_our_nets_they_have_the_papers_names() -> None:
    net = VGG((3, 32, 32), 5, plan="A").eval()
    found = places.layers(net, lambda: net(torch.rand(1, 3, 32, 32)), CPU)
    names = [row["layer"] for row in found]
    assert [name.split(".")[-1] for name in names if "pool" in name] == ["pool1", "pool2", "pool3", "pool4", "pool5"]
    assert "backbone.block3.conv3_2.conv" in names
    assert {"head.fc6", "head.fc7", "head.fc8"} <= set(names)


def test_kernels_the_longest_first() -> None:
    x = torch.rand(256, 256)
    found = places.kernels(lambda: (x @ x).relu(), CPU)
    assert found[0]["kernel"] == "aten::mm"
    assert found[0]["calls"] == 1
    assert [row["ms"] for row in found] == sorted((row["ms"] for row in found), reverse=True)
    assert sum(row["share"] for row in found) <= 1 + 1e-9
