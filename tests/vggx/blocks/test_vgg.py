"""vggx.blocks.vgg: the block's names, its pool, the paper's LRN, and what replicate padding does to time."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from vggx.blocks import VGGBlock

DIMS = (1, 2, 3)
SIZES = {1: (9,), 2: (6, 5), 3: (4, 5, 6)}


def lrn(x: Tensor) -> Tensor:
    """b_i = a_i / (2 + 1e-4 sum of a_j^2)^0.75 over the five channels around i (AlexNet, section 3.3)."""
    channels = x.shape[1]
    out = torch.empty_like(x)
    for i in range(channels):
        near = x[:, max(0, i - 2) : min(channels, i + 3)]
        out[:, i] = x[:, i] / (2 + 1e-4 * near.square().sum(1)) ** 0.75
    return out


@pytest.mark.parametrize("dims", DIMS)
def test_names_are_the_papers(dims: int) -> None:
    block = VGGBlock(dims, 1, 2, number=3, kernels=(3, 3, 1))
    assert [name for name, _ in block.named_children()] == ["conv3_1", "conv3_2", "conv3_3", "pool3"]
    assert block.conv3_3.conv.kernel_size == (1,) * dims


@pytest.mark.parametrize("dims", DIMS)
def test_shape_is_halved_and_rounded_down(dims: int) -> None:
    x = torch.rand(2, 3, *SIZES[dims])
    assert VGGBlock(dims, 3, 5)(x).shape == (2, 5, *(side // 2 for side in SIZES[dims]))


def test_the_pool_may_differ_by_axis() -> None:
    assert VGGBlock(3, 1, 2, pool=(1, 2, 3))(torch.rand(1, 1, 4, 6, 9)).shape == (1, 2, 4, 3, 3)


def test_value_by_hand() -> None:
    block = VGGBlock(1, 1, 1, kernels=(3,))
    with torch.no_grad():
        block.conv1_1.conv.weight.fill_(1.0)
        block.conv1_1.conv.bias.fill_(-4.0)
    # sums of three [3, 6, 9, 7], less 4: [-1, 2, 5, 3] -> [0, 2, 5, 3] -> [2, 5]
    assert block(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])).tolist() == [[[2.0, 5.0]]]


def test_three_numbers_are_three_kernels_and_a_tuple_is_one() -> None:
    three = VGGBlock(3, 1, 2, kernels=(1, 3, 3))
    one = VGGBlock(3, 1, 2, kernels=((1, 3, 3),))
    assert [name for name, _ in three.named_children()] == ["conv1_1", "conv1_2", "conv1_3", "pool1"]
    assert [name for name, _ in one.named_children()] == ["conv1_1", "pool1"]
    assert one.conv1_1.conv.kernel_size == (1, 3, 3)


@pytest.mark.parametrize("dims", DIMS)
def test_lrn_is_the_papers_formula(dims: int) -> None:
    layer = VGGBlock(dims, 1, 8, kernels=(3,), lrn=True).lrn1
    x = torch.randn(2, 8, *SIZES[dims]) * 100  # large, so that alpha counts
    assert (layer(x) - x / 2**0.75).abs().max() > 0.1 * x.abs().max()
    torch.testing.assert_close(layer(x), lrn(x))


def test_lrn_follows_the_first_activation() -> None:
    block = VGGBlock(2, 1, 4, kernels=(3, 3), lrn=True)
    assert [name for name, _ in block.named_children()] == ["conv1_1", "lrn1", "conv1_2", "pool1"]
    x = torch.randn(1, 1, 6, 6)
    expected = block.pool1(block.conv1_2(lrn(F.relu(block.conv1_1.conv(x)))))
    torch.testing.assert_close(block(x), expected)


def test_lrn_has_no_weights() -> None:
    with_lrn, without = (VGGBlock(2, 1, 4, kernels=(3,), lrn=lrn) for lrn in (True, False))
    assert list(with_lrn.state_dict()) == list(without.state_dict())


def test_replicate_padding_is_f_pad_by_hand() -> None:
    block = VGGBlock(2, 2, 3, padding="replicate", activation="leaky_relu")
    x = torch.randn(2, 2, 6, 7)
    expected = x
    for unit in (block.conv1_1, block.conv1_2):
        padded = F.pad(expected, (1, 1, 1, 1), mode="replicate")
        expected = F.leaky_relu(F.conv2d(padded, unit.conv.weight, unit.conv.bias), 0.01)
    torch.testing.assert_close(block(x), F.max_pool2d(expected, 2))


def drift(maps: Tensor) -> float:
    """How far the maps (N, C, T, H, W) move from their first frame, relative to the largest."""
    return ((maps - maps[:, :, :1]).abs().max() / maps.abs().max()).item()


def test_a_still_clip_gives_still_maps_only_when_time_is_replicated() -> None:
    torch.manual_seed(0)
    clip = torch.rand(1, 2, 1, 8, 8).expand(-1, -1, 6, -1, -1)
    still = VGGBlock(3, 2, 4, pool=(1, 2, 2), padding=("replicate", "zeros", "zeros"))
    moving = VGGBlock(3, 2, 4, pool=(1, 2, 2))
    moving.load_state_dict(still.state_dict())
    assert drift(still(clip)) < 1e-6
    assert drift(moving(clip)) > 0.1
    # space is zero-padded in both, and two frames from the ends zeros in time cannot be felt
    torch.testing.assert_close(still(clip)[:, :, 2:4], moving(clip)[:, :, 2:4])


@pytest.mark.parametrize("dims", DIMS)
def test_the_gradient_reaches_every_parameter(dims: int) -> None:
    torch.manual_seed(0)
    block = VGGBlock(dims, 2, 4, activation="leaky_relu", lrn=True)
    block(torch.randn(4, 2, *SIZES[dims])).square().sum().backward()
    assert all(parameter.grad.abs().min() > 0 for parameter in block.parameters())


def test_a_pool_that_does_not_fit_the_axes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 spatial axes need 2 values.*got \(1, 2, 2\)"):
        VGGBlock(2, 1, 1, pool=(1, 2, 2))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"norm": "layer"}, "norm must be none or one of batch, not 'layer'"),
        ({"activation": "gelu"}, "activation must be one of relu, leaky_relu, not 'gelu'"),
        ({"padding": "same"}, r"padding must be one of \('zeros', 'replicate'\), .*: \('same', 'same'\)"),
        ({"kernels": (3, 2)}, r"kernels must be odd to keep the size of the map, got \(2, 2\)"),
    ],
)
def test_the_units_options_are_checked(option: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VGGBlock(2, 1, 1, **option)
