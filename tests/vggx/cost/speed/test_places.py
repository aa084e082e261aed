"""Where the time goes: layers against a clock that one of them moves."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from vggx.cost.speed import places
from vggx.net import VGG

CPU = torch.device("cpu")


class Takes(nn.Module):
    """Takes so many seconds."""

    now = 0.0

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds

    def forward(self, x: Tensor) -> Tensor:
        Takes.now += self.seconds
        return x


def test_layers_in_their_order_with_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "time", SimpleNamespace(perf_counter=lambda: Takes.now))
    net = nn.Sequential(Takes(0.25), Takes(0.5), Takes(0.25))
    found = places.layers(net, lambda: net(torch.rand(2, 3)), CPU)
    assert [row["layer"] for row in found] == ["0", "1", "2"]
    assert [row["ms"] for row in found] == pytest.approx([250, 500, 250])
    assert [row["share"] for row in found] == pytest.approx([0.25, 0.5, 0.25])
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
