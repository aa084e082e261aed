"""The score map: published sides, timm's fully convolutional VGG, and cells by themselves."""

import pytest
import timm
import torch
from torch import nn

from vggx.geometry import trace
from vggx.net import VGG


@pytest.mark.parametrize(("side", "cells"), [(224, 1), (256, 2), (288, 3), (352, 5), (384, 6), (416, 7), (512, 10)])
def test_sides_of_the_score_map_of_plan_d(side: int, cells: int) -> None:
    with torch.device("meta"):
        net = VGG((3, 224, 224), 1000, plan="D", init="glorot")
        assert net.score_map(torch.empty(1, 3, side, side)).shape == (1, 1000, cells, cells)


@pytest.fixture(scope="module")
def pair() -> tuple[nn.Module, VGG]:
    """timm's net, and ours with its weights."""
    torch.manual_seed(0)
    theirs = timm.create_model("vgg11", num_classes=10).eval()
    net = VGG((3, 224, 224), 10, plan="A").eval()
    ours = {name: key for key, name in net.layer_keys().items()}
    names = (
        "conv1_1",
        "conv2_1",
        "conv3_1",
        "conv3_2",
        "conv4_1",
        "conv4_2",
        "conv5_1",
        "conv5_2",
        "fc6",
        "fc7",
        "fc8",
    )
    state = list(theirs.state_dict().values())
    with torch.no_grad():
        for number, name in enumerate(names):
            for part, value in zip(("weight", "bias"), state[2 * number : 2 * number + 2], strict=True):
                net.get_parameter(ours[f"{name}.{part}"]).copy_(
                    value.view_as(net.get_parameter(ours[f"{name}.{part}"]))
                )
    return theirs, net


@torch.no_grad()
@pytest.mark.parametrize("size", [(224, 224), (256, 320), (288, 352)])
def test_dense_scores_are_those_of_timms_fully_convolutional_net(
    size: tuple[int, int], pair: tuple[nn.Module, VGG]
) -> None:
    theirs, net = pair
    x = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(0))
    expected = theirs(x)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(net(x), expected, rtol=1e-5, atol=1e-5 * expected.abs().max().item())


@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_a_cell_is_what_the_aligned_piece_that_holds_its_field_gives(head: str) -> None:
    torch.manual_seed(0)
    net = VGG((2, 16, 16), 3, plan="micro", width=0.5, head=head, norm="batch").eval().double()
    x = torch.randn(1, 2, 96, 80, dtype=torch.float64)
    whole = net.score_map(x)
    grid = (2, 2) if head == "fc" else (1, 1)
    last = trace(net.spec.scanned(), (96, 80))[-1]
    field, stride = last.receptive_field[0], last.stride[0]
    assert (stride, field) == (8, 22 + 8 * (grid[0] - 1))
    # the field of cell j begins 7 = 1 + 2 + 4 before its stride: zeros of three convolutions
    first, before = 2, 7
    top, left = stride * first - before, stride * (first + 1) - before
    start = [stride * (edge // stride) for edge in (top, left)]
    stop = [stride * -(-(edge + field) // stride) for edge in (top, left)]
    piece = net.score_map(x[:, :, start[0] : stop[0], start[1] : stop[1]])
    cell = whole[:, :, first, first + 1]
    inside = first - start[0] // stride, first + 1 - start[1] // stride
    torch.testing.assert_close(piece[:, :, inside[0], inside[1]], cell, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(piece[:, :, 0, 0], cell)  # whose field reaches out of the piece
