"""vggx.probe.rates: LARS's trust ratio by hand, and against a gradient asked of torch itself."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vggx.data.batch import Batch
from vggx.net import VGG, Normalise, PreparedNet
from vggx.probe.layers import Layer, seen
from vggx.probe.rates import block_rates, parts


def layer(part: str, weight: list[float], norms: list[float]) -> Layer:
    return Layer(f"of {part}", part, nn.Identity(), torch.tensor(weight), norms=norms)


def test_norms_of_a_block_are_of_all_its_kernels() -> None:
    kernels = [layer("block1", [3.0], [0.3, 0.6]), layer("block1", [4.0], [0.4, 0.8]), layer("head", [6.0], [2.0, 1.0])]
    first, head = parts(kernels)
    assert first["weight_norm"] == pytest.approx(5)
    assert first["grad_norm"] == pytest.approx(0.75)  # mean of 0.5 and 1
    assert (first["ratio"], head["ratio"]) == (pytest.approx(20 / 3), pytest.approx(4))
    assert (first["rate"], head["rate"]) == (1, 0.6)
    assert block_rates([first, head]) == [1, 0.6]


def test_a_frozen_block_is_given_one() -> None:
    rows = parts([layer("block1", [100.0], []), layer("block2", [1.0], [1.0]), layer("head", [2.0], [1.0])])
    assert rows[0] == {"part": "block1", "weight_norm": 100, "grad_norm": None, "ratio": None, "rate": None}
    assert block_rates(rows) == [1, 0.5, 1]


@pytest.mark.parametrize("gradient", [0.0, float("inf"), float("nan")])
def test_a_gradient_that_tells_nothing_gives_no_rates(gradient: float) -> None:
    assert block_rates(parts([layer("block1", [1.0], [gradient]), layer("head", [1.0], [1.0])])) is None


def test_the_gradients_are_torchs() -> None:
    torch.manual_seed(0)
    vgg = VGG((3, 16, 16), 4, plan="mini", dropout=0.0)
    net = PreparedNet(vgg, Normalise([0.0] * 3, [1.0] * 3))
    batch = Batch(torch.randn(6, 3, 16, 16), torch.randint(4, (6,)))
    rows = parts(seen(net, [batch]).layers)
    F.cross_entropy(net(batch.input), batch.target).backward()
    for row, part in zip(rows, [*vgg.backbone, vgg.head], strict=True):
        kernels = [parameter for parameter in part.parameters() if parameter.ndim > 1]
        weight, gradient = (torch.cat([x.flatten() for x in tensors]).norm().item()
                            for tensors in (kernels, [kernel.grad for kernel in kernels]))  # fmt: skip
        assert row["ratio"] == pytest.approx(weight / gradient, rel=1e-4)
    assert max(row["rate"] for row in rows) == 1
