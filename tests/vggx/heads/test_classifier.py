"""vggx.heads.classifier: the paper's matrices, scanned over a larger map, a smaller one pooled up to their grid."""

import itertools

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vggx.heads.classifier import ConvClassifier
from vggx.net import VGG

GRIDS = {1: (4,), 2: (3, 4), 3: (2, 3, 4)}
ADAPTIVE = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}


def classifier(grid: tuple[int, ...], *, dropout: float = 0.5, activation: str = "relu") -> ConvClassifier:
    torch.manual_seed(0)
    return ConvClassifier(5, 16, 7, grid=grid, dropout=dropout, activation=activation).eval()


def fully_connected(head: ConvClassifier, x: Tensor, slope: float = 0.0) -> Tensor:
    """The paper's three matrices on the flattened map."""
    x = x.flatten(1)
    for layer in (head.fc6, head.fc7):
        x = F.leaky_relu(F.linear(x, layer.weight.flatten(1), layer.bias), slope)
    return F.linear(x, head.fc8.weight.flatten(1), head.fc8.bias)


def mean_over_windows(head: ConvClassifier, x: Tensor) -> Tensor:
    starts = itertools.product(*(range(have - want + 1) for have, want in zip(x.shape[2:], head.grid, strict=True)))
    windows = [x[(..., *(slice(s, s + k) for s, k in zip(start, head.grid, strict=True)))] for start in starts]
    return torch.stack([fully_connected(head, window) for window in windows]).mean(0)


@pytest.mark.parametrize("dims", GRIDS)
@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_a_map_of_the_grids_size_goes_through_the_papers_matrices(dims: int, activation: str, slope: float) -> None:
    head = classifier(GRIDS[dims], activation=activation)
    x = torch.randn(2, 5, *GRIDS[dims])
    torch.testing.assert_close(head([x]), fully_connected(head, x, slope))


@pytest.mark.parametrize("dims", GRIDS)
def test_a_larger_map_gives_the_mean_over_its_windows(dims: int) -> None:
    head = classifier(GRIDS[dims])
    x = torch.randn(2, 5, *(side + extra for side, extra in zip(GRIDS[dims], (2, 1, 3), strict=False)))
    assert head.score_map([x]).shape == (2, 7, *(3, 2, 4)[:dims])
    torch.testing.assert_close(head([x]), mean_over_windows(head, x))


@pytest.mark.parametrize("dims", GRIDS)
def test_a_shorter_map_is_average_pooled_up_to_the_grid(dims: int) -> None:
    head = classifier(GRIDS[dims])
    x = torch.randn(2, 5, *(1,) * dims)
    torch.testing.assert_close(head([x]), fully_connected(head, ADAPTIVE[dims](x, GRIDS[dims])))


@pytest.mark.parametrize("dims", GRIDS)
def test_the_penultimate_is_fc7_after_its_activation(dims: int) -> None:
    head = classifier(GRIDS[dims])
    x = torch.randn(2, 5, *GRIDS[dims])
    hidden = F.relu(F.linear(F.relu(F.linear(x.flatten(1), head.fc6.weight.flatten(1), head.fc6.bias)),
                             head.fc7.weight.flatten(1), head.fc7.bias))  # fmt: skip
    torch.testing.assert_close(head.penultimate([x]), hidden)


@pytest.mark.parametrize("dims", GRIDS)
def test_fc8_makes_the_answer_of_the_penultimate(dims: int) -> None:
    head = classifier(GRIDS[dims])
    x = torch.randn(2, 5, *(side + 3 for side in GRIDS[dims]))
    valid = torch.arange(x.shape[2]) < torch.tensor([[x.shape[2]], [x.shape[2] - 2]])
    for masked in (None, valid):
        answer = F.linear(head.penultimate([x], masked), head.fc8.weight.flatten(1), head.fc8.bias)
        torch.testing.assert_close(answer, head([x], masked))


def test_one_axis_is_pooled_up_while_another_is_scanned() -> None:
    head = classifier((3, 4))
    x = torch.randn(2, 5, 2, 6)
    assert head.score_map([x]).shape == (2, 7, 1, 3)
    torch.testing.assert_close(head([x]), mean_over_windows(head, F.adaptive_avg_pool2d(x, (3, 6))))


def test_only_the_last_map_counts() -> None:
    head = classifier((3, 4))
    maps = [torch.randn(1, 2, 9, 9), torch.randn(1, 5, 3, 4)]
    assert torch.equal(head(maps), head(maps[1:]))


def test_dropout_stands_after_fc6_and_fc7_and_only_in_training() -> None:
    head = classifier((3, 4), dropout=1.0)
    x = torch.randn(2, 5, 3, 4)
    assert head(x[None]).std() > 0
    torch.testing.assert_close(head.train()(x[None]), head.fc8.bias.expand(2, 7))
    calls: list[tuple[int, ...]] = []
    head.dropout.register_forward_hook(lambda module, args, out: calls.append(tuple(out.shape)))
    head([x])
    assert calls == [(2, 16, 1, 1)] * 2


def test_dropout_keeps_the_mean() -> None:
    head = classifier((1, 1), dropout=0.5)
    nn.init.zeros_(head.fc7.weight)
    nn.init.ones_(head.fc7.bias)
    nn.init.constant_(head.fc8.weight, 1 / 16)
    nn.init.zeros_(head.fc8.bias)
    found = head.train()([torch.randn(4000, 5, 1, 1)])
    assert found.mean().item() == pytest.approx(1.0, abs=0.02)
    assert set((found * 8).round(decimals=4).unique().tolist()) <= set(range(17))  # each of 16 is 0 or doubled


def test_the_papers_sizes() -> None:
    with torch.device("meta"):
        head = VGG((3, 224, 224), 1000, plan="D").head
    shapes = {name: tuple(parameter.shape) for name, parameter in head.named_parameters()}
    assert shapes == {
        "fc6.weight": (4096, 512, 7, 7),
        "fc6.bias": (4096,),
        "fc7.weight": (4096, 4096, 1, 1),
        "fc7.bias": (4096,),
        "fc8.weight": (1000, 4096, 1, 1),
        "fc8.bias": (1000,),
    }
    assert sum(parameter.numel() for parameter in head.parameters()) == 123_642_856
    assert head.dropout.p == 0.5


@pytest.mark.parametrize("dims", GRIDS)
def test_the_gradient_reaches_every_parameter(dims: int) -> None:
    head = classifier(GRIDS[dims], activation="leaky_relu")
    head([torch.randn(4, 5, *GRIDS[dims])]).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(ValueError, match="activation must be one of relu, leaky_relu, not 'tanh'"):
        classifier((1,), activation="tanh")
