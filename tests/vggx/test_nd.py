"""vggx.nd: layers of 1, 2 and 3 axes against torch's own and against numbers worked out by hand."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from vggx import nd

DIMS = (1, 2, 3)


def row(*values: float) -> torch.Tensor:
    """(1, 1, T)"""
    return torch.tensor([[values]], dtype=torch.float32)


@pytest.mark.parametrize("dims", DIMS)
def test_the_layers_are_torchs_of_that_many_axes(dims: int) -> None:
    assert nd.CONV[dims] is getattr(nn, f"Conv{dims}d")
    assert nd.BATCH_NORM[dims] is getattr(nn, f"BatchNorm{dims}d")
    assert nd.POOL["max"][dims] is getattr(nn, f"MaxPool{dims}d")


def test_replicate_pad_repeats_the_ends() -> None:
    assert torch.equal(nd.Pad(((2, 2),), "replicate")(row(1, 2, 3)), row(1, 1, 1, 2, 3, 3, 3))


def test_replicate_pad_leaves_an_axis_of_pad_0_alone() -> None:
    square = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert nd.Pad(((1, 1), (0, 0)), "replicate")(square).tolist() == [[[[1, 2], [1, 2], [3, 4], [3, 4]]]]
    assert nd.Pad(((0, 0), (1, 1)), "replicate")(square).tolist() == [[[[1, 1, 2, 2], [3, 3, 4, 4]]]]


def test_replicate_pad_of_time_repeats_the_first_and_the_last_frame() -> None:
    clip = torch.rand(2, 3, 4, 5, 6)
    assert torch.equal(
        nd.Pad(((1, 1), (0, 0), (0, 0)), "replicate")(clip), torch.cat([clip[:, :, :1], clip, clip[:, :, -1:]], dim=2)
    )


def test_pool_up_by_hand() -> None:
    assert torch.equal(nd.pool_up(row(2, 4), (4,)), row(2, 2, 4, 4))
    assert torch.equal(nd.pool_up(row(2, 4), (3,)), row(2, 3, 4))


@pytest.mark.parametrize("dims", DIMS)
def test_pool_up_leaves_a_map_of_the_grids_size_or_more_alone(dims: int) -> None:
    x = torch.rand(1, 2, *(5,) * dims)
    assert torch.equal(nd.pool_up(x, (5,) * dims), x)
    assert torch.equal(nd.pool_up(x, (3,) * dims), x)


@pytest.mark.parametrize("dims", DIMS)
def test_pool_up_is_torchs_adaptive_average_pool_on_a_short_map(dims: int) -> None:
    x = torch.rand(1, 2, *(3,) * dims)
    assert torch.equal(nd.pool_up(x, (7,) * dims), getattr(F, f"adaptive_avg_pool{dims}d")(x, 7))


def test_pool_up_touches_only_the_short_axis() -> None:
    x = torch.rand(1, 2, 3, 9)
    up = nd.pool_up(x, (7, 7))
    assert up.shape == (1, 2, 7, 9)
    column = F.adaptive_avg_pool1d(x[..., 5], 7)
    torch.testing.assert_close(up[..., 5], column)


class Called(TorchDispatchMode):
    """The operators that torch calls, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def as_product(layer: nn.Module, x: torch.Tensor, dims: int) -> bool:
    """Whether the layer multiplies matrices; its values and gradients are those of torch's convolution either way."""
    plain = nd.CONV[dims](layer.in_channels, layer.out_channels, layer.kernel_size)
    plain.load_state_dict(layer.state_dict())
    results = []
    with Called() as called:
        for module in (layer, plain):
            given = x.detach().clone().requires_grad_()
            out = module(given)
            grads = torch.autograd.grad(out.square().sum(), [given, module.weight, module.bias])
            results.append([out, *grads])
            if module is layer:
                convolves = "convolution" in called.names
    for ours, torchs in zip(*results, strict=True):
        torch.testing.assert_close(ours, torchs)
    return not convolves


@pytest.mark.parametrize("dims", DIMS)
def test_a_kernel_as_large_as_the_map_is_one_matrix_product(dims: int) -> None:
    layer, x = nd.PRODUCT[dims](3, 5, (2, 3, 4)[:dims]), torch.rand(2, 3, *(2, 3, 4)[:dims])
    assert as_product(layer, x, dims)
    assert as_product(layer, nd.channels_behind(x), dims)


@pytest.mark.parametrize("dims", DIMS)
def test_a_kernel_of_1_is_one_where_the_channels_lie_behind(dims: int) -> None:
    layer, x = nd.PRODUCT[dims](3, 5, 1), torch.rand(2, 3, *(2, 3, 4)[:dims])
    assert as_product(layer, nd.channels_behind(x), dims)
    assert not as_product(layer, x, dims)


@pytest.mark.parametrize("dims", DIMS)
def test_on_a_larger_map_it_is_scanned(dims: int) -> None:
    layer, x = nd.PRODUCT[dims](3, 5, (2, 3, 4)[:dims]), torch.rand(2, 3, *(4, 5, 6)[:dims])
    assert not as_product(layer, x, dims)
    assert layer(x).shape == (2, 5, *(3, 3, 3)[:dims])


def test_channels_behind_changes_the_order_and_no_value() -> None:
    x = torch.rand(2, 3, 4, 5)
    behind = nd.channels_behind(x)
    assert torch.equal(behind, x)
    assert behind.is_contiguous(memory_format=torch.channels_last)
    assert nd.channels_behind(behind).data_ptr() == behind.data_ptr()


@pytest.mark.parametrize("dims", DIMS)
def test_mean_over_axes(dims: int) -> None:
    x = torch.arange(2.0 * 4**dims).view(1, 2, *(4,) * dims)
    count = 4**dims
    assert nd.mean_over_axes(x).tolist() == [[(count - 1) / 2, count + (count - 1) / 2]]


@pytest.mark.parametrize("dims", DIMS)
def test_mean_over_axes_of_padded_clips_is_that_of_each_alone(dims: int) -> None:
    x = torch.arange(2.0 * 2 * 4**dims).view(2, 2, *(4,) * dims).square()
    found = nd.mean_over_axes(x, nd.valid_steps(torch.tensor([4, 3]), 4))
    torch.testing.assert_close(found, torch.stack([x[0].flatten(1).mean(1), x[1, :, :3].flatten(1).mean(1)]))


@pytest.mark.parametrize(("dims", "order"), [(2, torch.channels_last), (3, torch.channels_last_3d)])
def test_channels_last_changes_the_order_and_no_value(dims: int, order: torch.memory_format) -> None:
    layer = nd.CONV[dims](2, 4, 3)
    before = layer.weight.detach().clone()
    assert nd.channels_last(layer, dims) is layer
    assert layer.weight.is_contiguous(memory_format=order)
    assert torch.equal(layer.weight, before)


def test_channels_last_leaves_dims_1_and_classifiers_as_they_are() -> None:
    layer = nn.Conv1d(2, 4, 3)
    assert nd.channels_last(layer, 1).weight.is_contiguous()
    net = nd.channels_last(nn.Sequential(nn.Conv2d(2, 4, 3), nd.PRODUCT[2](4, 4, 2), nd.PRODUCT[2](4, 4, 1)), 2)
    assert [layer.weight.is_contiguous() for layer in net] == [False, True, True]
