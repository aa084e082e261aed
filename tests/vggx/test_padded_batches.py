"""Clips of different lengths in one batch: each answers, and teaches, as it would alone."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from vggx import nd
from vggx.blocks import ConvUnit, VGGBlock
from vggx.net import VGG, Normalise, PreparedNet

SIZES = {1: (), 2: (9,), 3: (8, 9)}  # of the axes behind the first


def clips(lengths: list[int], dims: int, channels: int = 2, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(1, channels, length, *SIZES[dims], generator=generator) for length in lengths]


def batch_of(parts: list[Tensor], padding: float = 0.0) -> tuple[Tensor, Tensor]:
    """The clips as one batch, each padded to the longest, and what is valid of them."""
    lengths = torch.tensor([part.shape[2] for part in parts])
    longest = int(lengths.max())
    rows = []
    for part in parts:
        row = torch.full((1, part.shape[1], longest, *part.shape[3:]), padding)
        row[:, :, : part.shape[2]] = part
        rows.append(row)
    return torch.cat(rows), nd.valid_steps(lengths, longest)


def shaken(net: nn.Module) -> nn.Module:
    """The net with norms that do something: after training a little their statistics are not 0 and 1."""
    torch.manual_seed(1)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.normal_(layer.weight, 1.0, 0.2)
            nn.init.normal_(layer.bias, 0.0, 0.2)
            nn.init.normal_(layer.running_mean, 0.0, 0.3)
            nn.init.uniform_(layer.running_var, 0.5, 2.0)
    return net


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(1, 4))
def test_lengths_go_through_a_pool_as_their_quotient(lengths: list[int], pool: int) -> None:
    size = max(1, *lengths) // pool * pool or pool
    valid = nd.valid_after(nd.valid_steps(torch.tensor(lengths), size), pool, pool)
    assert valid.sum(1).tolist() == [min(length, size) // pool for length in lengths]


@settings(deadline=None)
@given(st.lists(st.integers(3, 40), min_size=1, max_size=5), st.integers(1, 3))
def test_a_kernel_leaves_the_positions_that_fit(lengths: list[int], kernel: int) -> None:
    valid = nd.valid_after(nd.valid_steps(torch.tensor(lengths), max(lengths)), kernel, 1)
    assert valid.sum(1).tolist() == [length - kernel + 1 for length in lengths]


def test_the_mean_is_over_valid_positions() -> None:
    x = torch.tensor([[[1.0, 2.0, 9.0]], [[4.0, 5.0, 6.0]]])
    valid = nd.valid_steps(torch.tensor([2, 3]), 3)
    assert nd.mean_over_axes(x, valid).tolist() == [[1.5], [5.0]]
    planes = x[..., None, None].expand(2, 1, 3, 4, 5)
    assert nd.mean_over_axes(planes, valid).tolist() == [[1.5], [5.0]]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_unit_leaves_zeros_behind_every_clip(dims: int, norm: str) -> None:
    unit = shaken(ConvUnit(dims, 2, 4, norm=norm)).eval()
    parts = clips([7, 3], dims)
    x, valid = batch_of(parts)
    found = unit(x, valid)
    assert found[1, :, 3:].eq(0).all()
    for index, part in enumerate(parts):
        torch.testing.assert_close(found[index : index + 1, :, : part.shape[2]], unit(part), atol=1e-5, rtol=0)


def test_a_pool_that_reaches_into_the_padding_gives_no_position() -> None:
    block = VGGBlock(1, 1, 1, kernels=(1,), pool=2)
    nn.init.constant_(block.conv1_1.conv.weight, 1.0)
    nn.init.zeros_(block.conv1_1.conv.bias)
    x, valid = batch_of([torch.ones(1, 1, 5), torch.ones(1, 1, 6)])
    assert block(x, valid).tolist() == [[[1.0, 1.0, 0.0]], [[1.0, 1.0, 1.0]]]
    assert block.valid_after(valid).tolist() == [[True, True, False], [True, True, True]]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(8, 45), min_size=1, max_size=5),
    st.sampled_from([1, 2, 3]),
    st.sampled_from(["none", "batch"]),
    st.sampled_from(["fc", "pooled"]),
    st.floats(-100, 100),
)
def test_a_batch_answers_as_its_clips_do_alone(lengths: list[int], dims: int, norm: str, head: str, pad: float) -> None:
    torch.manual_seed(0)
    grid = (1, *(1 for _ in SIZES[dims]))
    net = shaken(VGG((2, 16, *SIZES[dims]), 5, plan="micro", norm=norm, head=head, grid=grid)).eval()
    parts = clips(lengths, dims)
    x, valid = batch_of(parts, pad)
    with torch.inference_mode():
        together = net(nd.zero_padding(x, valid), valid)
        alone = torch.cat([net(part) for part in parts])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("extra", [0, 1, 7])
def test_a_head_with_a_grid_of_several_steps_scans_the_clip_alone(extra: int) -> None:
    net = VGG((2, 32), 5, plan="micro", grid=(3,)).eval()
    parts = clips([net.least_valid + extra, 60, net.least_valid], 1)
    x, valid = batch_of(parts)
    torch.testing.assert_close(net(x, valid), torch.cat([net(part) for part in parts]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("dims", [1, 3])
def test_in_training_the_statistics_and_gradients_ignore_padding(dims: int) -> None:
    """Against the same batch with twice the padding, and the statistics against those of the clips laid end to end."""
    torch.manual_seed(0)
    parts = clips([9, 4, 6], dims)
    unit = ConvUnit(dims, 2, 3, norm="batch").train()
    x, valid = batch_of(parts)
    wide = F.pad(x, [0, 0] * len(SIZES[dims]) + [0, 20])
    other = copy.deepcopy(unit)
    unit(x, valid).square().sum().backward()
    other(wide, F.pad(valid, (0, 20))).square().sum().backward()
    for a, b in zip(unit.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
    positions = torch.cat([unit.conv(part).movedim(1, -1).flatten(0, -2) for part in parts])
    torch.testing.assert_close(unit.norm.running_mean, 0.1 * positions.mean(0))
    torch.testing.assert_close(unit.norm.running_var, 0.9 + 0.1 * positions.var(0))
    assert not torch.equal(unit.norm.running_mean, 0.1 * unit.conv(x).movedim(1, -1).flatten(0, -2).mean(0))


def test_a_batch_of_equal_clips_trains_as_one_without_lengths() -> None:
    torch.manual_seed(0)
    net = VGG((2, 16), 3, plan="micro", norm="batch", dropout=0.0).train()
    other = copy.deepcopy(net)
    x = torch.randn(4, 2, 16)
    valid = torch.ones(4, 16, dtype=torch.bool)
    torch.testing.assert_close(net(x, valid), other(x))
    for a, b in zip(net.buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(a, b)


def test_padding_of_repeated_borders_takes_no_padded_clips() -> None:
    net = VGG((2, 16), 3, plan="micro", padding="replicate")
    x, valid = batch_of(clips([16, 9], 1))
    with pytest.raises(ValueError, match="padding='replicate' along the first axis takes no padded clips"):
        net(x, valid)


def test_a_clip_shorter_than_the_net_takes_is_named() -> None:
    net = VGG((2, 16), 3, plan="micro")
    x, valid = batch_of(clips([16, 15], 1))
    with pytest.raises(ValueError, match="a clip of 15 valid steps is shorter than the net's least, 16"):
        net(x, valid)


class Rows(nn.Module):
    """(N, 2 * steps) -> (N, 2, steps), a stand-in for a front-end; half of the lengths are its steps."""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        maps = x.unflatten(1, (-1, 2)).transpose(1, 2)
        return maps, None if lengths is None else nd.valid_steps(lengths // 2, maps.shape[2])


def test_a_prepared_net_zeroes_the_padding_after_it_is_normalised() -> None:
    net = PreparedNet(VGG((2, 16), 3, plan="micro", grid=(1,)), Normalise([1.0], [2.0]), Rows()).eval()
    waves = torch.randn(2, 32)
    waves[1, 20:] = 0
    found, valid = net.eaten(waves, torch.tensor([32, 20]))
    assert found[1, :, 10:].eq(0).all()
    assert valid.sum(1).tolist() == [16, 10]
    torch.testing.assert_close(net(waves, torch.tensor([32, 20]))[1], net(waves[1:, :20])[0], atol=1e-5, rtol=0)


def test_augmentation_is_for_training_alone() -> None:
    class Silence(nn.Module):
        def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
            return torch.zeros_like(x)

    net = PreparedNet(VGG((2, 16), 3, plan="micro"), Normalise([0.0], [1.0]), Rows(), Silence())
    waves = torch.randn(2, 32)
    assert net.train().eaten(waves)[0].eq(0).all()
    assert torch.equal(net.eval().eaten(waves)[0], Rows()(waves)[0])
