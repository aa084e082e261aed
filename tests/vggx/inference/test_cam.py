"""vggx.inference.cam: Grad-CAM against torchvision's net and against loops, and every cell at its true place."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from vggx.folded import FoldedVGG
from vggx.inference.cam import Heat, grad_cam, known_layer, layers_of, score_heat
from vggx.net import VGG


def convolutions(net: nn.Module) -> list[Any]:
    return [module for module in net.modules() if isinstance(module, nn.modules.conv._ConvNd)]


@pytest.mark.parametrize(
    ("name", "place"), [("conv5_2", 19), ("conv3_1", 7), ("conv1_1", 1), ("pool4", 15), ("pool5", 20)]
)
def test_grad_cam_is_that_of_torchvisions_vgg11(name: str, place: int) -> None:
    """By hooks on its layers, whose ReLUs work in place; 96 x 70 pixels."""
    torch.manual_seed(0)
    net = VGG((3, 64, 64), 4, plan="A", head="pooled", init="he").eval()
    theirs = nn.Sequential(make_layers(cfgs["A"], False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 4))
    for ours, other in zip(convolutions(net), convolutions(theirs), strict=True):
        other.load_state_dict(ours.state_dict())
    theirs[3].load_state_dict(net.head.fc.state_dict())
    x = torch.randn(1, 3, 96, 70)
    maps: list[Tensor] = []

    def take(module: nn.Module, given: Any, made: Tensor) -> None:
        made.retain_grad()
        maps.append(made)

    theirs[0][place].register_forward_hook(take)
    theirs(x)[0, 2].backward()
    assert maps[0].grad is not None
    weights = maps[0].grad.mean((2, 3), keepdim=True)
    expected = (weights * maps[0]).sum(1).relu().detach()
    found = grad_cam(net, x, 2, name)
    assert expected.max() > 0
    assert found.values == pytest.approx(expected.numpy(), rel=1e-3, abs=1e-5 * expected.max().item())


def by_loop(net: VGG, rows: Tensor, number: int) -> np.ndarray:
    """(R, C, *S), the rows of one input -> (R, *S'): at the micro plan's last convolution, channel by channel."""
    first, second, last = net.backbone.blocks()
    maps = last[0](second(first(rows))).detach().requires_grad_()
    scores = net.head.score_map([last[1](maps)])
    (gradient,) = torch.autograd.grad(scores[:, number].mean(), maps)
    cam = torch.zeros(len(rows), *maps.shape[2:])
    for channel in range(maps.shape[1]):
        weight = sum(gradient[row, channel].sum() for row in range(len(rows))) / gradient[:, channel].numel()
        cam += weight * maps[:, channel].detach()
    return cam.clamp(min=0).numpy()


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize(("shape", "given"), [((5, 32), (5, 43)), ((1, 16, 16), (1, 24, 19)), ((2, 8, 8, 8),) * 2])
def test_grad_cam_is_a_loop_over_channels_in_every_dims(
    shape: tuple[int, ...], given: tuple[int, ...], norm: str
) -> None:
    torch.manual_seed(0)
    net = VGG(shape, 3, plan="micro", width=0.5, head="pooled", norm=norm, init="he").eval()
    x = torch.randn(1, *given)
    expected = [by_loop(net, x, number) for number in range(3)]
    assert max(map(np.max, expected)) > 1e-3
    for number, heat in enumerate(expected):
        assert grad_cam(net, x, number, "conv3_1").values == pytest.approx(heat, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("head", ["pooled", "fc"])
def test_bands_that_share_a_net_share_the_weights_of_their_maps(head: str) -> None:
    """Of the paper's classifier the gradient is another in every band, of the pooled head the same."""
    torch.manual_seed(0)
    net = FoldedVGG((1, 32), 3, plan="micro", width=0.5, head=head, init="he", grid=(1,)).eval()
    x = torch.randn(1, 4, 40)
    found = grad_cam(net, x, 1, "conv3_1")
    assert found.values.shape == (4, 10)
    assert found.values == pytest.approx(by_loop(net, x[0, :, None], 1), rel=1e-4, abs=1e-6)
    scores = net.score_map(x)[0].detach()
    assert np.array_equal(score_heat(net, scores, 1, (40,)).values, scores[1].numpy())


def bright(shape: tuple[int, ...], **options: Any) -> VGG:
    """A net whose class 1 is how bright its input is, place by place: every kernel hands on what is in its middle."""
    net = VGG(shape, 2, plan="micro", width=0.2, **options).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        for layer in convolutions(net):
            middle = tuple(side // 2 for side in layer.kernel_size)
            layer.weight[(-1 if layer.out_channels == 2 else 0, 0, *middle)] = 1
        if options["head"] == "pooled":
            net.head.fc.weight[1, 0] = 1
    return net


@pytest.mark.parametrize("shape", [(1, 40), (1, 40, 64), (1, 24, 32, 40)])
def test_the_greatest_value_lies_on_a_bright_object_wherever_it_is(shape: tuple[int, ...]) -> None:
    """An object of a cell's size in each corner of an input, of which no side but one is a multiple of the pools."""
    _, *usual = shape
    net = bright(shape, head="pooled")
    size = [side + 3 for side in usual]
    for corner in product((False, True), repeat=len(size)):
        starts = [(side - 11) // 8 * 8 if far else 8 for side, far in zip(size, corner, strict=True)]
        x = torch.full((1, 1, *size), 0.1)
        x[(0, 0, *(slice(start, start + 8) for start in starts))] = 1
        scores = net.score_map(x)[0].detach()
        middles = tuple(start + 3.5 for start in starts)
        heat = score_heat(net, scores, 1, size)
        assert heat.peak() == (0, middles)
        cam = grad_cam(net, x, 1, "conv3_1")
        row, place = cam.peak() or (None, ())
        assert row == 0
        for found in (heat, cam):
            spread = found.spread(size)[0]
            highest = np.unravel_index(np.nanargmax(spread), spread.shape)
            for at, where, start in zip(highest, place, starts, strict=True):
                assert start <= at < start + 8
                assert start <= where < start + 8


def test_a_classifiers_cell_lies_in_the_middle_of_its_grid() -> None:
    """fc6 of 3 x 3 that looks at its middle: the cell of the object's own place is the greatest."""
    net = bright((1, 24, 24), head="fc")
    assert net.grid == (3, 3)
    x = torch.full((1, 1, 64, 48), 0.1)
    x[0, 0, 40:48, 8:16] = 1
    heat = score_heat(net, net.score_map(x)[0].detach(), 1, (64, 48))
    assert heat.values.shape == (1, 6, 4)
    assert heat.peak() == (0, (43.5, 11.5))


def test_the_score_maps_mean_is_the_logit() -> None:
    net = VGG((2, 16, 16), 5, plan="micro", width=0.5, init="he").eval()
    x = torch.randn(1, 2, 40, 24)
    heat = score_heat(net, net.score_map(x)[0].detach(), 3, (40, 24))
    assert heat.values.mean() == pytest.approx(net(x)[0, 3].item(), abs=1e-5)


def test_a_cell_that_sees_all_lies_everywhere() -> None:
    """A map shorter than fc6's grid: one place along the height, three along the width."""
    net = VGG((1, 32, 32), 2, plan="micro", width=0.2).eval()
    heat = score_heat(net, net.score_map(torch.randn(1, 1, 16, 48))[0].detach(), 0, (16, 48))
    assert [axis.tolist() for axis in heat.centres] == [[7.5], [15.5, 23.5, 31.5]]
    spread = heat.spread((16, 48))[0]
    assert (spread == spread[:1]).all(0)[12:36].all()


def test_between_the_middles_of_cells_values_are_interpolated() -> None:
    heat = Heat(np.float32([[1, 3, 2]]), [np.float32([3.5, 11.5, 19.5])])
    (found,) = heat.spread((27,))
    assert found[:4].tolist() == [1, 1, 1, 1]
    assert found[4:12] == pytest.approx(1 + 2 * (np.arange(4, 12) - 3.5) / 8)
    assert found[12:20] == pytest.approx(3 - (np.arange(12, 20) - 11.5) / 8)
    assert found[20:24].tolist() == [2, 2, 2, 2]
    assert np.isnan(found[24:]).all()  # what the last pool leaves over


def test_a_cell_reaches_half_of_their_distance_beyond_the_outer_ones() -> None:
    heat = Heat(np.float32([[1, 2]]), [np.float32([2.0, 4.0])])
    np.testing.assert_array_equal(heat.spread((7,))[0], [np.nan, 1, 1, 1.5, 2, 2, np.nan])


def test_bands_are_not_mixed() -> None:
    heat = Heat(np.float32([[1, 1], [5, 5]]), [np.float32([3.5, 11.5])])
    assert heat.spread((16,)).tolist() == [[1] * 16, [5] * 16]
    assert heat.peak() == (1, (3.5,))


def test_where_nothing_speaks_for_a_class_there_is_no_greatest() -> None:
    net = bright((1, 16, 16), head="pooled")
    found = grad_cam(net, torch.rand(1, 1, 16, 16), 0, "conv3_1")
    assert not found.values.any()
    assert found.peak() is None


def test_the_net_stays_as_it_was() -> None:
    net = VGG((1, 16, 16), 2, plan="micro", width=0.2).eval()
    x = torch.randn(1, 1, 16, 16)
    before = net(x)
    with torch.no_grad():
        grad_cam(net, x, 0, "conv2_1")
    assert torch.equal(net(x), before)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


def test_layers_are_called_as_in_the_paper() -> None:
    net = VGG((1, 32, 32), 2, plan="A-LRN", width=0.05)
    assert known_layer(net, None) == "conv5_2"
    assert known_layer(net, "conv3_1") == "conv3_1"
    assert [layer.name for layer in layers_of(net)][:3] == ["conv1_1", "pool1", "conv2_1"]
    with pytest.raises(ValueError, match=r"layer=fc6: plan A-LRN has conv1_1, pool1, conv2_1, .*, conv5_2, pool5"):
        known_layer(net, "fc6")
