"""vggx.spec: every word that a net can be described with, against the net itself and what torch counts of it."""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.vggx.cost.test_ledger import counted, counted_in_training
from tests.vggx.cost.test_saved import kept_bytes
from vggx import geometry, nd
from vggx.cost.ledger import costs_of, total
from vggx.net import VGG
from vggx.spec.net import NetSpec
from vggx.spec.plain import spec_of, to_plain
from vggx.spec.words import BlockSpec, ConvSpec, HeadSpec, PoolSpec

SIDES = {1: 40, 2: 26, 3: 15}


@st.composite
def pads(draw: st.DrawFn, dims: int, most: int) -> list[tuple[int, int]]:
    return [(draw(st.integers(0, most)), draw(st.integers(0, most))) for _ in range(dims)]


@st.composite
def units(draw: st.DrawFn, dims: int, groups: int) -> ConvSpec:
    same = draw(st.booleans())
    return ConvSpec.of(
        dims,
        groups * draw(st.integers(1, 2)),
        kernel=[draw(st.sampled_from([1, 3] if same else [1, 2, 3])) for _ in range(dims)],
        stride=[draw(st.sampled_from([1, 1, 2])) for _ in range(dims)],
        dilation=[draw(st.integers(1, 2)) for _ in range(dims)],
        pads=None if same else draw(pads(dims, 2)),
        padding=[draw(st.sampled_from(["zeros", "replicate"])) for _ in range(dims)],
        groups=groups,
        bias=draw(st.booleans()),
        norm=draw(st.sampled_from(["none", "batch"])),
        eps=draw(st.sampled_from([1e-5, 1e-3])),
        norm_last=draw(st.booleans()),
        activation=draw(st.sampled_from(["relu", "leaky_relu", "none"])),
    )


@st.composite
def pools(draw: st.DrawFn, dims: int, mode: str) -> PoolSpec:
    kernel = [draw(st.integers(1, 3)) for _ in range(dims)]
    stride = [draw(st.integers(1, size)) for size in kernel]
    sides = [(draw(st.integers(0, size // 2)), draw(st.integers(0, size // 2))) for size in kernel]
    return PoolSpec.of(dims, kernel, stride=stride, pads=sides, mode=mode, ceil=draw(st.booleans()))


@st.composite
def specs(draw: st.DrawFn, modes: tuple[str, ...] = ("max", "average")) -> NetSpec:
    dims = draw(st.integers(1, 3))
    blocks = []
    for _ in range(draw(st.integers(1, 2))):
        group = draw(st.integers(1, 2))
        found = tuple(draw(units(dims, group if blocks or index else 1)) for index in range(draw(st.integers(1, 2))))
        pool = draw(st.one_of(st.none(), pools(dims, draw(st.sampled_from(modes)))))
        blocks.append(BlockSpec(found, pool, draw(st.booleans()), draw(st.sampled_from([0.0, 0.3]))))
    head = HeadSpec(
        draw(st.sampled_from(["fc", "pooled"])), 3, (5, 4), tuple(draw(st.integers(1, 3)) for _ in range(dims)),
        draw(st.sampled_from([0.0, 0.5])), draw(st.sampled_from(["relu", "leaky_relu"])),
    )  # fmt: skip
    spec = NetSpec((2, *(SIDES[dims] + draw(st.integers(0, 3)) for _ in range(dims))), tuple(blocks), head, "drawn")
    channels = 2
    for block in spec.blocks:  # groups divide what they take
        for unit in block.units:
            assume(channels % unit.groups == 0)
            channels = unit.width
    try:
        geometry.check_input(spec)
    except ValueError:
        assume(False)
    return spec


def maps_of(net: VGG, x: Tensor) -> dict[str, tuple[int, ...]]:
    """The size of what each layer that is a module gives."""
    sizes: dict[str, tuple[int, ...]] = {}
    for name, module in nd.layer_modules(net).items():
        module.register_forward_hook(lambda module, given, made, name=name: sizes.__setitem__(name, made.shape[1:]))
    net(x)
    return {name: tuple(shape) for name, shape in sizes.items()}


@given(specs())
@settings(deadline=None, max_examples=30)
def test_sizes_parameters_and_cost_are_those_of_the_net(spec: NetSpec) -> None:
    with torch.device("meta"):
        net = VGG.of(spec).eval()
    described = {layer.name: layer for layer in spec.layers()}
    known = geometry.by_name(spec.layers(), spec.input_shape[1:])
    sizes = maps_of(net, torch.empty(1, *spec.input_shape, device="meta"))
    for name, layer in described.items():
        if layer.kind == "conv":
            assert sizes[name] == (layer.channels, *known[name].size), name
    shapes = {key: tuple(value.shape) for key, value in net.state_dict().items() if key in dict(net.named_parameters())}
    assert {net.layer_keys()[key]: shape for key, shape in shapes.items()} == {
        f"{layer.name}.{own}": shape for layer in spec.layers() for own, shape in layer.parameters().items()
    }
    costs = costs_of(spec)
    assert total(costs)["params"] == sum(parameter.numel() for parameter in net.parameters())
    assert total(costs)["flops"] == counted(net, spec.input_shape)[""]
    if all(unit.groups == 1 for block in spec.blocks for unit in block.units):  # torch takes the others for full ones
        assert total(costs)["flops_train"] == counted_in_training(net, spec.input_shape)


@given(specs())
@settings(deadline=None, max_examples=30)
def test_what_autograd_keeps_is_what_is_told(spec: NetSpec) -> None:
    costs = costs_of(spec)
    with torch.device("meta"):
        net = VGG.of(spec)
    more = kept_bytes(net, (5, *spec.input_shape)) - kept_bytes(net, (2, *spec.input_shape))
    dropped = sum(
        layer.channels * nd.product(geometry.by_name(spec.layers(), spec.input_shape[1:])[layer.name].size)
        for layer in spec.layers()
        if layer.kind == "dropout"
    )
    # off the GPU dropout keeps its mask in the precision of the map
    assert more == 3 * (sum(cost.saved.bytes(4) for cost in costs) + 3 * dropped)


@given(specs(modes=("average",)))
@settings(deadline=None, max_examples=30)
def test_what_a_place_feels_is_its_field(spec: NetSpec) -> None:
    """The gradient of one place of the backbone's map fills the box that the closed form gives, within the input."""
    blocks = tuple(
        replace(block, units=tuple(plain(unit) for unit in block.units), dropout=0.0, lrn=False)
        for block in spec.blocks
    )
    spec = replace(spec, blocks=blocks)
    net = VGG.of(spec).double()
    for parameter in net.parameters():
        nn.init.uniform_(parameter, 0.5, 1.0)  # so that nothing cancels
    x = torch.rand(1, *spec.input_shape, dtype=torch.float64, requires_grad=True)
    last = geometry.trace(spec.backbone, spec.input_shape[1:])[-1]
    place = [side // 2 for side in last.size]
    (gradient,) = torch.autograd.grad(net.backbone(x)[-1][(0, slice(None), *place)].sum(), x)
    touched = gradient[0].abs().sum(0).nonzero()
    starts = [start + at * step for start, at, step in zip(last.start, place, last.stride, strict=True)]
    ends = [start + field for start, field in zip(starts, last.receptive_field, strict=True)]
    felt = zip(touched.amin(0).tolist(), (touched.amax(0) + 1).tolist(), strict=True)
    for (first, behind), start, end, side in zip(felt, starts, ends, spec.input_shape[1:], strict=True):
        assert start <= first < behind <= end
        # dilated kernels leave places out, also the last one before the border; and padding within the net is not felt
        if start >= 0 and end <= side and not any(any(map(any, layer.pads)) for layer in spec.backbone):
            assert (first, behind) == (start, end)


def plain(unit: ConvSpec) -> ConvSpec:
    """Without copies of the border, which are felt at the border, and what would make a value 0."""
    return replace(unit, padding=("zeros",) * len(unit.kernel), norm="none", activation="leaky_relu")


@given(specs())
@settings(deadline=None, max_examples=20)
def test_the_smallest_input_is_the_least_that_gives_a_place(spec: NetSpec) -> None:
    least = geometry.smallest_input(spec.backbone)
    assert min(geometry.output_size(spec.backbone, least)) >= 1
    for axis, side in enumerate(least):
        if side > 1:
            short = [other - (number == axis) for number, other in enumerate(least)]
            assert min(min(one.size) for one in geometry.trace(spec.backbone, short)) == 0


@given(specs())
@settings(deadline=None, max_examples=20)
def test_plain_values_are_the_spec_again(spec: NetSpec) -> None:
    assert spec_of(json.loads(json.dumps(to_plain(spec)))) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "spec has no word 'colour': its words are input_shape, blocks, head, plan, bands"),
        ({"plan": 3}, "spec.plan must be str, not 3"),
        ({"input_shape": [3, "a"]}, r"spec.input_shape\[1\] must be int, not 'a'"),
        ({"blocks": [{}]}, r"spec.blocks\[0\] lacks 'units'"),
        ({"head": {"name": "fc", "outputs": 0, "widths": [], "grid": [1]}}, "a net needs one class or more, not 0"),
    ],
)
def test_words_that_no_spec_has_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    values = {"input_shape": [3, 8], "blocks": [], "head": {}, "plan": "x"}
    with pytest.raises(ValueError, match=message):
        spec_of(values | {"head": {"name": "fc", "outputs": 2, "widths": [4, 4], "grid": [1]}} | change)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_c3ds_two_last_pools(dims: int) -> None:
    """A map of 7 becomes 4 by a pool that rounds up, and by one that is padded on both sides; they are two nets."""
    x = torch.rand(1, 2, *(7,) * dims)
    made = []
    for words in ({"ceil": True}, {"pads": 1}):
        block = BlockSpec((ConvSpec.of(dims, 2, kernel=1, activation="none"),), PoolSpec.of(dims, 2, **words))
        torch.manual_seed(0)
        net = VGG.of(NetSpec((2, *(7,) * dims), (block,), HeadSpec("pooled", 1, (), (1,) * dims), "one"))
        made.append(net.backbone(x)[-1])
        assert made[-1].shape[2:] == (4,) * dims == geometry.output_size(net.spec.backbone, x.shape[2:])
    assert not torch.allclose(*made)


def test_a_padded_clip_is_not_pooled_beyond_its_end() -> None:
    block = BlockSpec((ConvSpec.of(1, 2),), PoolSpec.of(1, 2, ceil=True))
    net = VGG.of(NetSpec((2, 7), (block,), HeadSpec("pooled", 1, (), (1,)), "one"))
    with pytest.raises(ValueError, match="pool1 sees beyond a clip's end"):
        net(torch.rand(2, 2, 7), torch.tensor([[True] * 7, [True] * 5 + [False] * 2]))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("mode", ["max", "average"])
def test_a_masked_batch_answers_as_its_clips_alone(mode: str, stride: int) -> None:
    """Strides, dilation and overlapping pools along time, and clips of which none ends where the batch does."""
    units = (ConvSpec.of(1, 4, kernel=5, stride=stride, norm="batch", norm_last=True), ConvSpec.of(1, 3, dilation=2))
    block = BlockSpec(units, PoolSpec.of(1, 3, stride=2, mode=mode))
    torch.manual_seed(0)
    net = VGG.of(NetSpec((2, 60), (block,), HeadSpec("pooled", 3, (), (1,)), "one")).eval()
    clips = [torch.randn(1, 2, size) for size in (60, 37, 22)]
    batch = torch.cat([nn.functional.pad(clip, (0, 60 - clip.shape[2])) for clip in clips])
    valid = torch.arange(60) < torch.tensor([[clip.shape[2]] for clip in clips])
    torch.testing.assert_close(net(batch, valid), torch.cat([net(clip) for clip in clips]), rtol=1e-5, atol=1e-6)
