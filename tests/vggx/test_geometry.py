"""vggx.geometry: receptive fields, strides and sizes against the published ones and against the nets themselves."""

import re

import pytest
import torch
from torch import Tensor

from vggx import geometry
from vggx.net import VGG
from vggx.planned import block_pools, plan_spec
from vggx.plans import PLANS, get_plan
from vggx.spec.layer import Layer
from vggx.spec.net import NetSpec

# plan -> layer -> receptive field, stride, size at 224, with fc6 of 7 x 7
REACH = {
    "A": {"conv5_2": (134, 16, 14), "pool5": (150, 32, 7), "fc6": (342, 32, 1)},
    "B": {"pool5": (156, 32, 7), "fc6": (348, 32, 1)},
    "C": {"conv5_3": (140, 16, 14), "pool5": (156, 32, 7), "fc6": (348, 32, 1)},
    "D": {
        "conv1_1": (3, 1, 224),
        "conv1_2": (5, 1, 224),
        "pool1": (6, 2, 112),
        "conv3_3": (40, 4, 56),
        "pool3": (44, 8, 28),
        "conv4_3": (92, 8, 28),
        "pool4": (100, 16, 14),
        "conv5_3": (196, 16, 14),
        "pool5": (212, 32, 7),
        "fc6": (404, 32, 1),
        "fc8": (404, 32, 1),
    },
    "E": {
        "conv3_4": (48, 4, 56),
        "conv4_4": (116, 8, 28),
        "conv5_4": (252, 16, 14),
        "pool5": (268, 32, 7),
        "fc6": (460, 32, 1),
    },
}
POOLS = {1: [2, 2, 2], 2: [2, (1, 2), (3, 2)], 3: [(1, 2, 2), 2, (2, 1, 2)]}
SIZES = {1: (45,), 2: (44, 51), 3: (26, 37, 50)}


SIDE = 512  # of the input that a spec is made for, where only its layers matter


def spec_of(plan: str, dims: int = 2, pools=None, grid: tuple[int, ...] = (), **options) -> NetSpec:
    return plan_spec((3, *(SIDE,) * dims), 10, plan=plan, pools=pools, grid=grid or (1,) * dims, **options)


def layers_of(plan: str, dims: int = 2, pools=None, grid: tuple[int, ...] = (), **options) -> list[Layer]:
    """Those of the backbone and, with a grid, those of the classifier."""
    spec = spec_of(plan, dims, pools, grid, **options)
    return list(spec.scanned() if grid else spec.backbone)


def shown(layers: list[Layer]) -> list[Layer]:
    """Without what belongs to another layer: activations, norms, dropout."""
    return [layer for layer in layers if layer.name == layer.owner]


def maps_by_layer(net: VGG, x: Tensor) -> dict[str, Tensor]:
    """The map of every named layer of the backbone, and of fc6, in a real net."""
    found = {}
    for block in net.backbone:
        for name, layer in block.named_children():
            found[name] = x = layer(x)
    return found | {"fc6": net.head.fc6(x)}


def until_fc6(net: VGG) -> list[Layer]:
    layers = net.spec.scanned()
    return list(layers[: [layer.name for layer in layers].index("fc6") + 1])


@pytest.mark.parametrize(("plan", "name"), [(plan, name) for plan, known in REACH.items() for name in known])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_published_reach(plan: str, name: str, dims: int) -> None:
    reaches = {r.name: r for r in geometry.trace(layers_of(plan, dims, grid=(7,) * dims), (224,) * dims)}
    found = reaches[name]
    assert (found.receptive_field, found.stride, found.size) == tuple((value,) * dims for value in REACH[plan][name])


def test_names_are_the_papers() -> None:
    assert " ".join(layer.name for layer in shown(layers_of("C", grid=(7, 7)))) == (
        "conv1_1 conv1_2 pool1 conv2_1 conv2_2 pool2 conv3_1 conv3_2 conv3_3 pool3 conv4_1 conv4_2 conv4_3 pool4 "
        "conv5_1 conv5_2 conv5_3 pool5 fc6 fc7 fc8"
    )


def test_activations_of_plan_d() -> None:
    """13.56 M numbers come out of D's convolutions and fully connected layers: timm's results table."""
    layers = plan_spec((3, 224, 224), 1000, plan="D").scanned()
    maps = geometry.trace(layers, (224, 224))
    numbers = [y.channels * r.size[0] * r.size[1] for y, r in zip(layers, maps, strict=True) if y.kind == "conv"]
    assert round(sum(numbers) / 1e6, 2) == 13.56


@pytest.mark.parametrize(("side", "scores"), [(224, 1), (256, 2), (288, 3), (352, 5), (384, 6), (416, 7), (512, 10)])
def test_side_of_the_dense_score_map(side: int, scores: int) -> None:
    assert geometry.output_size(layers_of("D", grid=(7, 7)), (side, side)) == (scores, scores)


def test_fc6_of_a_map_below_its_grid_gives_one_score() -> None:
    reaches = {r.name: r.size for r in geometry.trace(layers_of("D", grid=(7, 7)), (112, 288))}
    assert (reaches["pool5"], reaches["fc6"], reaches["fc8"]) == ((3, 9), (1, 3), (1, 3))


def test_pools_by_axis() -> None:
    """A clip of 16 frames of 112 x 112, time pooled by (1, 2, 2, 2, 2), ends as one step."""
    pools = [(time, 2, 2) for time in (1, 2, 2, 2, 2)]
    reaches = {r.name: r for r in geometry.trace(layers_of("D", 3, pools), (16, 112, 112))}
    assert reaches["pool1"].size == (16, 56, 56)
    assert reaches["pool5"].size == (1, 3, 3)
    assert reaches["pool5"].stride == (16, 32, 32)
    # in time: two convolutions of 3 and no pool (5), then 2 of 3 and a pool at strides 1, 3 each at 2, 4, 8
    assert reaches["pool5"].receptive_field == (5 + 4 + 1 + 12 + 2 + 24 + 4 + 48 + 8, 212, 212)


@pytest.mark.parametrize("time_kernel", [1, 5, 7])
def test_a_kernel_of_its_own_along_time_changes_what_is_seen_of_time_alone(time_kernel: int) -> None:
    """Plan D's 4 convolutions at stride 1 in time and 3 each at 2, 4 and 8, and its pools, which see 16 frames."""
    pools = [(time, 2, 2) for time in (1, 2, 2, 2, 2)]
    *_, last = geometry.trace(layers_of("D", 3, pools, kernel=(time_kernel, 3, 3)), (16, 112, 112))
    assert last.receptive_field == (16 + (time_kernel - 1) * (4 + 3 * 2 + 3 * 4 + 3 * 8), 212, 212)
    assert (last.size, last.stride) == ((1, 3, 3), (16, 32, 32))


@pytest.mark.parametrize(
    ("kernel", "message"), [((2, 3, 3), r"must be odd .* got \(2, 3, 3\)"), ((3, 3), "3 spatial axes need 3")]
)
def test_kernels_that_do_not_fit_are_refused(kernel: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layers_of("micro", 3, kernel=kernel)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_sizes_are_those_of_the_net(plan: str, dims: int) -> None:
    depth = len(PLANS[plan].blocks)
    pools = [2] * 3 + [1] * (depth - 3)
    net = VGG((1, *SIZES[dims]), 2, plan=plan, width=0.03, pools=pools, grid=(2,) * dims).eval()
    layers = until_fc6(net)
    with torch.no_grad():
        real = {name: tuple(m.shape[1:]) for name, m in maps_by_layer(net, torch.rand(1, 1, *SIZES[dims])).items()}
    traced = zip(layers, geometry.trace(layers, SIZES[dims]), strict=True)
    expected = {reach.name: (layer.channels, *reach.size) for layer, reach in traced if layer in shown(layers)}
    assert real == expected


@pytest.mark.parametrize(
    ("plan", "dims", "kernel"),
    [("micro", 1, 3), ("micro", 2, 3), ("micro", 3, 3), ("mini", 1, 3), ("mini", 2, 3), ("micro", 2, (5, 1))],
)
def test_what_one_output_feels_is_its_receptive_field(plan: str, dims: int, kernel: int | tuple[int, ...]) -> None:
    """The gradient of one position of a map, in a real net, fills exactly the box that the closed form gives.

    A max pool hands its gradient to one input of a window, so several random inputs and all channels are laid over
    each other. The box of the position before lies one stride before it.
    """
    torch.manual_seed(0)
    size = tuple(side * (2 if plan == "mini" else 1) for side in SIZES[dims])
    options = {"plan": plan, "width": 0.25, "kernel": kernel, "pools": POOLS[dims], "grid": (2,) * dims}
    net = VGG((1, *size), 2, activation="leaky_relu", **options)
    layers = until_fc6(net)
    x = torch.randn(8 if dims == 3 else 24, 1, *size, requires_grad=True)
    maps = maps_by_layer(net, x)

    def box(name: str, position: list[int]) -> tuple[Tensor, Tensor]:
        (gradient,) = torch.autograd.grad(maps[name][(..., *position)].abs().sum(), x, retain_graph=True)
        touched = gradient.abs().sum((0, 1)).nonzero()
        return touched.amin(0), touched.amax(0) + 1

    for reach in geometry.trace(layers, size):
        if reach.name not in maps:  # what belongs to another layer
            continue
        centre = [side // 2 for side in reach.size]
        start, end = box(reach.name, centre)
        assert tuple((end - start).tolist()) == reach.receptive_field, reach.name
        expected = [first + cell * step for first, cell, step in zip(reach.start, centre, reach.stride, strict=True)]
        assert start.tolist() == expected, reach.name
        before, _ = box(reach.name, [c - 1 for c in centre])
        assert tuple((start - before).tolist()) == reach.stride, reach.name


def test_fields_of_every_cell_by_hand() -> None:
    """micro with pools (1, 2, 2): convolutions of 3 at strides 1, 1 and 2 see 1 + 1 + 2 = 4 before the first cell."""
    layers = layers_of("micro", 1, [1, 2, 2], grid=(2,))
    # 1 + 2 + 2 + 1 + 4 + 2 of the backbone, and fc6's second step 4 further
    assert geometry.fields(layers, (18,)) == [[(-4, 12), (0, 16), (4, 20)]]
    assert geometry.fields(layers_of("micro", 1, [1, 2, 2]), (11,)) == [[(-4, 8), (0, 12)]]


@pytest.mark.parametrize("extra", [0, 1, 7])
def test_the_cell_of_a_map_of_its_grids_size_sees_its_field(extra: int) -> None:
    """Beyond the input before it, and short of the end by what the pools leave over."""
    layers = layers_of("micro", 1, None, grid=(2,))
    # 1 + 2 + 4 before the first cell; 1 + 2 + 1 + 4 + 2 + 8 + 4 of the backbone, and fc6's second step 8 further
    assert geometry.fields(layers, (16 + extra,)) == [[(-7, 23)]]


def test_the_cell_of_a_map_below_its_grid_sees_all_of_that_axis() -> None:
    layers = layers_of("micro", 2, None, grid=(3, 2))
    height, width = geometry.fields(layers, (20, 31))
    assert height == [(0, 20)]
    assert [stop - start for start, stop in width] == [30, 30]


@pytest.mark.parametrize(
    ("plan", "dims", "pools", "least"),
    [
        ("D", 2, None, (32, 32)),
        ("micro", 1, None, (8,)),
        ("micro", 1, [2, 1, 1], (2,)),
        ("D", 3, [(time, 2, 2) for time in (1, 2, 2, 2, 2)], (16, 32, 32)),
        ("mini", 2, [(3, 2), (2, 1), (3, 2)], (18, 4)),
    ],
)
def test_smallest_input(plan: str, dims: int, pools, least: tuple[int, ...]) -> None:
    layers = layers_of(plan, dims, pools)
    assert geometry.smallest_input(layers) == least
    assert geometry.output_size(layers, least) == (1,) * dims
    spec = spec_of(plan, dims, pools)
    geometry.check_input(spec.at((3, *least)))
    for axis in range(dims):
        short = [side - (i == axis) for i, side in enumerate(least)]
        assert geometry.output_size(layers, short)[axis] == 0
        with pytest.raises(ValueError, match=f"an input of {short[axis]} along"):
            geometry.check_input(spec.at((3, *short)))


def test_too_short_an_input_is_refused_by_axis_and_number() -> None:
    spec = spec_of("micro", 3, [(1, 2, 2), 2, (3, 2, 2)])
    message = (
        "an input of 5 along time is too short for plan micro: its pools (pool2, pool3) shorten time 2 x 3 = 6 times "
        "and pool3 would have nothing to pool. Give at least 6, smaller pools, or a plan of fewer blocks"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        geometry.check_input(spec.at((3, 5, 64, 64)))


@pytest.mark.parametrize(("dims", "size", "axis"), [(1, (7,), "time"), (2, (7, 9), "height"), (2, (9, 7), "width")])
def test_the_axis_is_named(dims: int, size: tuple[int, ...], axis: str) -> None:
    with pytest.raises(ValueError, match=f"an input of 7 along {axis} is too short for plan micro"):
        geometry.check_input(spec_of("micro", dims).at((3, *size)))


def test_block_pools() -> None:
    plan = get_plan("micro")
    assert block_pools(plan, 3, None) == [(2, 2, 2)] * 3
    assert block_pools(plan, 3, [1, (1, 2, 2), 3]) == [(1, 1, 1), (1, 2, 2), (3, 3, 3)]
    with pytest.raises(ValueError, match=r"plan micro has 3 blocks and needs as many pools, got \[2, 2\]"):
        block_pools(plan, 2, [2, 2])
    with pytest.raises(ValueError, match=r"pools must be 1 or more, got \[2, 2, \(0, 1\)\]"):
        block_pools(plan, 2, [2, 2, (0, 1)])
    with pytest.raises(ValueError, match="2 spatial axes need 2 values"):
        block_pools(plan, 2, [2, 2, (1, 2, 2)])


def test_a_layer_that_does_not_fit_gives_size_0() -> None:
    layer = Layer("fc6", "conv", "head", ("pool5",), 1, 1, (7,), (1,), (1,), ((0, 0),))
    assert [layer.size_after((side,)) for side in (9, 7, 6, 3)] == [(3,), (1,), (0,), (0,)]
