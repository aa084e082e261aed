"""vggx.blocks.unit: order, names and values of convolution, norm and activation."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vggx.blocks import ConvUnit
from vggx.dims import PADDING

DIMS = (1, 2, 3)
CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
SIZES = {1: (9,), 2: (6, 5), 3: (4, 5, 6)}


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_shape(dims: int, norm: str) -> None:
    unit = ConvUnit(dims, 2, 3, norm=norm)
    assert unit(torch.rand(2, 2, *SIZES[dims])).shape == (2, 3, *SIZES[dims])


def test_order_and_names() -> None:
    assert [name for name, _ in ConvUnit(2, 1, 1).named_children()] == ["conv", "act"]
    assert [name for name, _ in ConvUnit(2, 1, 1, norm="batch").named_children()] == ["conv", "norm", "act"]
    padded = ConvUnit(2, 1, 1, norm="batch", padding="replicate")
    assert [name for name, _ in padded.named_children()] == ["pad", "conv", "norm", "act"]


@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_padding_changes_no_key(padding: str) -> None:
    keys = ["conv.weight", "conv.bias", "norm.weight", "norm.bias"]
    assert [name for name, _ in ConvUnit(3, 1, 1, norm="batch", padding=padding).named_parameters()] == keys


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_value_by_hand(activation: str, slope: float) -> None:
    unit = ConvUnit(1, 1, 1, activation=activation)
    with torch.no_grad():
        unit.conv.weight[:] = torch.tensor([1.0, 0.0, -1.0])
        unit.conv.bias[:] = 1.0
    # differences of the neighbours, plus 1: [0 - 4, 1 - 0, 4 - 0] + 1
    expected = torch.tensor([[[-3.0 * slope, 2.0, 5.0]]])
    torch.testing.assert_close(unit(torch.tensor([[[1.0, 4.0, 0.0]]])), expected)


@pytest.mark.parametrize("dims", DIMS)
def test_batch_norm_stands_between_convolution_and_activation(dims: int) -> None:
    unit = ConvUnit(dims, 1, 2, kernel=1, norm="batch")
    with torch.no_grad():
        unit.conv.weight.fill_(2.0)
        unit.conv.bias.fill_(1.0)
        unit.norm.running_mean[:] = torch.tensor([3.0, 9.0])
        unit.norm.running_var.fill_(4.0 - unit.norm.eps)
        unit.norm.weight.fill_(3.0)
        unit.norm.bias.fill_(0.5)
    # 2 * 2 + 1 = 5; (5 - 3) / 2 * 3 + 0.5 = 3.5; (5 - 9) / 2 * 3 + 0.5 = -5.5, which the activation cuts
    found = unit.eval()(torch.full((1, 1, *SIZES[dims]), 2.0))
    torch.testing.assert_close(found.amax(tuple(range(2, dims + 2))), torch.tensor([[3.5, 0.0]]))
    torch.testing.assert_close(found.amin(tuple(range(2, dims + 2))), torch.tensor([[3.5, 0.0]]))


def test_batch_norm_measures_the_batch_in_training() -> None:
    unit = ConvUnit(2, 3, 8, norm="batch", activation="leaky_relu")
    x = torch.randn(16, 3, 8, 8) * 5 + 2
    normed = unit.norm(unit.conv(x))
    torch.testing.assert_close(normed.mean((0, 2, 3)), torch.zeros(8), atol=1e-4, rtol=0)
    torch.testing.assert_close(normed.var((0, 2, 3), correction=0), torch.ones(8), atol=1e-3, rtol=0)
    assert not torch.equal(unit.norm.running_mean, torch.zeros(8))


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_the_gradient_reaches_input_and_every_parameter(dims: int, padding: str) -> None:
    torch.manual_seed(0)
    unit = ConvUnit(dims, 2, 3, norm="batch", activation="leaky_relu", padding=padding)
    x = torch.randn(4, 2, *SIZES[dims], requires_grad=True)
    unit(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.count_nonzero() == x.numel()
    for name in ("conv.weight", "norm.weight", "norm.bias"):  # the norm makes the bias before it idle
        assert unit.get_parameter(name).grad.abs().min() > 0, name


def test_the_activation_does_not_write_over_its_input() -> None:
    unit = ConvUnit(2, 1, 4)
    before = unit.conv(torch.randn(1, 1, 5, 5))
    kept = before.detach().clone()
    unit.act(before)
    assert torch.equal(before, kept)


def test_dims_choose_the_layer() -> None:
    kinds = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
    assert all(type(ConvUnit(dims, 1, 1).conv) is kind for dims, kind in kinds.items())


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"norm": "layer"}, "norm must be none or one of batch, not 'layer'"),
        ({"activation": "gelu"}, "activation must be one of relu, leaky_relu, not 'gelu'"),
        ({"padding": "reflect"}, "padding must be one of .*reflect"),
        ({"kernel": 2}, "kernels must be odd"),
        ({"dims": 4}, "dims must be 1, 2 or 3, not 4"),
    ],
)
def test_an_unknown_option_is_refused(option: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConvUnit(**({"dims": 2, "in_channels": 1, "width": 1} | option))


def row(*values: float) -> torch.Tensor:
    """(1, 1, T)"""
    return torch.tensor([[values]], dtype=torch.float32)


def bare(dims: int, in_channels: int, width: int, **words) -> ConvUnit:
    """A convolution alone."""
    return ConvUnit(dims, in_channels, width, activation="none", **words)


def test_a_convolution_of_ones_by_hand() -> None:
    for padding, sums in (("zeros", (3.0, 6.0, 5.0)), ("replicate", (4.0, 6.0, 8.0))):
        layers = bare(1, 1, 1, kernel=3, padding=padding, bias=False)
        nn.init.ones_(layers.conv.weight)
        assert torch.equal(layers(row(1, 2, 3)), row(*sums)), padding


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("padding", PADDING)
def test_a_convolution_keeps_every_axis(dims: int, kernel: int, padding: str) -> None:
    size = (7, 4, 5)[:dims]
    assert bare(dims, 2, 3, kernel=kernel, padding=padding, bias=True)(torch.rand(2, 2, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize("dims", DIMS)
def test_a_convolution_is_torchs_on_an_input_padded_by_hand(dims: int) -> None:
    x = torch.rand(2, 2, *(6, 5, 4)[:dims])
    for padding, mode in (("zeros", "constant"), ("replicate", "replicate")):
        layers = bare(dims, 2, 3, kernel=3, padding=padding, bias=True)
        weight, bias = layers.conv.weight, layers.conv.bias
        expected = CONVOLVE[dims](F.pad(x, [1, 1] * dims, mode=mode), weight, bias)
        torch.testing.assert_close(layers(x), expected)


def test_each_axis_may_be_padded_its_own_way() -> None:
    clip = torch.rand(1, 2, 4, 5, 6)
    layers = bare(3, 2, 3, kernel=3, padding=("replicate", "zeros", "zeros"), bias=True)
    padded = F.pad(F.pad(clip, (0, 0, 0, 0, 1, 1), mode="replicate"), (1, 1, 1, 1))
    torch.testing.assert_close(layers(clip), F.conv3d(padded, layers.conv.weight, layers.conv.bias))


def test_each_axis_may_have_its_own_kernel() -> None:
    ((name, layer),) = bare(3, 2, 3, kernel=(1, 3, 5), padding="zeros", bias=False).named_children()
    assert (name, layer.kernel_size, layer.padding, layer.bias) == ("conv", (1, 3, 5), (0, 1, 2), None)


def test_a_pad_layer_stands_only_where_something_is_replicated() -> None:
    assert [name for name, _ in bare(2, 1, 1, kernel=3, padding="zeros", bias=True).named_children()] == ["conv"]
    assert [name for name, _ in bare(2, 1, 1, kernel=3, padding="replicate", bias=True).named_children()] == [
        "pad",
        "conv",
    ]
    assert [name for name, _ in bare(2, 1, 1, kernel=1, padding="replicate", bias=True).named_children()] == ["conv"]


@pytest.mark.parametrize("kernel", [2, 0, (3, 4)])
def test_kernels_that_cannot_keep_the_size_are_refused(kernel: int | tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"kernels must be odd to keep the size of the map, got \("):
        bare(2, 1, 1, kernel=kernel, padding="zeros", bias=True)


@pytest.mark.parametrize("padding", ["reflect", ("zeros",), ("zeros", "circular")])
def test_unknown_padding_is_refused(padding: str | tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"padding must be one of \('zeros', 'replicate'\).*'height', 'width'"):
        bare(2, 1, 1, kernel=3, padding=padding, bias=True)
