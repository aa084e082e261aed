"""vggx.cost.ledger against `torch.utils.flop_counter` and the nets' own parameters, and against published figures."""

import logging
import math
import warnings

import pytest
import torch
from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vggx.cost.ledger import ledger, total
from vggx.folded import FoldedVGG
from vggx.net import VGG
from vggx.plans import PLANS

GMACS = {"A": 7.6091, "A-LRN": 7.6091, "B": 11.3085, "C": 11.7709, "D": 15.4703, "E": 19.6321}  # at 224
DENSE = {
    ("D", 256): 20.54,
    ("D", 384): 49.55,
    ("D", 512): 92.54,
    ("E", 256): 25.97,
    ("E", 384): 61.78,
    ("E", 512): 114.28,
}
EXTRA = (5, 12, 3)  # beyond the smallest input, by axis


def folded(rows: int, kind: type[VGG]) -> dict:
    return {"bands": rows} if kind is FoldedVGG else {}


def counted(net: nn.Module, shape: tuple[int, ...]) -> dict[str, int]:
    """Layer -> FLOPs of one sample, as torch counts them on the meta device; "" is the whole net."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net.eval()(torch.empty(1, *shape, device="meta"))
    flops = {name: sum(kinds.values()) for name, kinds in counter.get_flop_counts().items()}
    return {name.removeprefix(type(net).__name__).removeprefix("."): count for name, count in flops.items()}


def counted_in_training(net: nn.Module, shape: tuple[int, ...]) -> int:
    """FLOPs forward and backward of one sample, as torch counts them on the meta device."""
    net.eval()  # a batch norm takes no batch of one in training, and counts for nothing in either
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(1, *shape, device="meta")).sum().backward()
    return counter.get_total_flops()


def check(
    kind: type[VGG], shape: tuple[int, ...], batch_shape: tuple[int, ...], classes: int, rows: int, **options
) -> None:
    costs = ledger(shape, classes, **options, **folded(rows, kind))
    with torch.device("meta"):
        net = kind(shape, classes, **options, **folded(rows, kind))
    found, flops = total(costs), counted(net, batch_shape)
    assert found["flops"] == 2 * found["macs"] == flops[""]
    assert found["flops_train"] == counted_in_training(net, batch_shape)
    assert found["params"] == sum(parameter.numel() for parameter in net.parameters())
    modules = {name.rpartition(".")[2]: (name, module) for name, module in net.named_modules()}
    for cost in costs:
        name, module = modules[cost.name]
        assert 2 * cost.macs == flops.get(name, 0), cost.name
        assert cost.params == sum(parameter.numel() for parameter in module.parameters()), cost.name


@pytest.mark.parametrize(("plan", "gmacs"), GMACS.items())
def test_published_macs_at_224(plan: str, gmacs: float) -> None:
    found = total(ledger((3, 224, 224), 1000, plan=plan))
    assert round(found["macs"] / 1e9, 4) == gmacs
    assert found["flops"] == 2 * found["macs"]


def test_published_figures_of_vgg16_and_of_its_inflation() -> None:
    found = total(ledger((3, 224, 224), 1000, plan="D"))
    assert (found["flops"], found["flops_train"]) == (30_940_528_640, 92_648_177_664)
    assert round(found["activations"] / 1e6, 3) == 13.557
    for pools, gmacs in [((1, 2, 2), 184.16), (None, 100.23)]:
        per_block = [(1, 2, 2)] * 5 if pools else [(1, 2, 2), 2, 2, 2, 2]
        costs = ledger((3, 16, 112, 112), 1000, plan="D", pools=per_block)
        convolutions = total([cost for cost in costs if cost.part != "classifier"])
        assert round(convolutions["macs"] / 1e9, 2) == gmacs
        assert convolutions["params"] == 44_135_616


@pytest.mark.parametrize(("plan", "side"), DENSE)
def test_published_macs_of_the_dense_net(plan: str, side: int) -> None:
    macs = total(ledger((3, side, side), 1000, plan=plan, grid=(7, 7)))["macs"]
    assert round(macs / 1e9, 2) == DENSE[plan, side]


def test_norm_and_lrn_cost_no_macs() -> None:
    plain, normed = (total(ledger((3, 224, 224), 1000, plan="D", norm=norm)) for norm in ("none", "batch"))
    assert plain["macs"] == normed["macs"]
    assert (plain["params"], normed["params"]) == (138_357_544, 138_365_992)
    assert total(ledger((3, 224, 224), 1000, plan="A-LRN")) == total(ledger((3, 224, 224), 1000, plan="A"))


def test_rows_by_hand() -> None:
    """Table of micro on 2 channels of 12 steps with 3 classes: 6, 3 and 1 steps after the pools."""
    costs = {cost.name: (cost.params, cost.macs, cost.output) for cost in ledger((2, 12), 3, plan="micro")}
    assert costs == {
        "conv1_1": (2 * 16 * 3 + 16, 2 * 16 * 3 * 12, (12,)),
        "pool1": (0, 0, (6,)),
        "conv2_1": (16 * 32 * 3 + 32, 16 * 32 * 3 * 6, (6,)),
        "pool2": (0, 0, (3,)),
        "conv3_1": (32 * 64 * 3 + 64, 32 * 64 * 3 * 3, (3,)),
        "pool3": (0, 0, (1,)),
        "fc6": (64 * 128 + 128, 64 * 128, (1,)),
        "fc7": (128 * 128 + 128, 128 * 128, (1,)),
        "fc8": (128 * 3 + 3, 128 * 3, (1,)),
    }


def test_what_layers_read_and_write_by_hand() -> None:
    """micro on 2 x 12 x 20: 6 x 10, 3 x 5 and 1 x 2 after the pools; the pooled head reads all of the last map."""
    backbone = {
        "conv1_1": (2 * 240, 16 * 240),
        "pool1": (16 * 240, 16 * 60),
        "conv2_1": (16 * 60, 32 * 60),
        "pool2": (32 * 60, 32 * 15),
        "conv3_1": (32 * 15, 64 * 15),
        "pool3": (64 * 15, 64 * 2),
    }
    heads = {
        "fc": {"fc6": (64 * 2, 128), "fc7": (128, 128), "fc8": (128, 3)},
        "pooled": {"fc": (64 * 2, 3)},
    }
    for head, layers in heads.items():
        costs = ledger((2, 12, 20), 3, plan="micro", head=head)
        assert {cost.name: (cost.read, cost.written) for cost in costs} == backbone | layers
    folded = ledger((1, 8), 3, plan="micro", head="pooled", bands=5)
    assert (folded[0].read, folded[-2].written, folded[-1].read) == (5 * 8, 5 * 64, 5 * 64)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(("head", "norm"), [("fc", "none"), ("pooled", "batch")])
@pytest.mark.parametrize("plan", PLANS)
def test_every_kind_of_net_is_counted_to_the_last_digit(plan: str, norm: str, head: str, dims: int) -> None:
    least = 2 ** len(PLANS[plan].blocks)
    shape = (3, *(least + extra for extra in EXTRA[:dims]))
    check(VGG, shape, shape, 7, 1, plan=plan, norm=norm, head=head, width=0.25)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 40, 36), {"plan": "C", "norm": "batch", "head": "pooled"}),
        ((2, 17, 32, 32), {"plan": "A", "pools": [(1, 2, 2), 2, 2, 2, 2], "padding": "replicate"}),
        ((40, 101), {"plan": "D", "grid": (1,)}),
        ((3, 32, 32), {"plan": "A-LRN", "activation": "leaky_relu"}),
    ],
)
def test_fvcore_agrees_on_convolutions_and_linear_layers(shape: tuple[int, ...], options: dict) -> None:
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    costs = ledger(shape, 5, width=0.1, **options)
    net, x = VGG(shape, 5, width=0.1, **options).eval(), torch.zeros(1, *shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        macs = FlopCountAnalysis(net, x).by_operator()
        activations = ActivationCountAnalysis(net, x).total()
    assert total(costs)["macs"] == macs["conv"] + macs["linear"]
    assert total(costs)["activations"] == activations


@st.composite
def nets(draw: st.DrawFn) -> tuple[tuple[int, ...], int, dict]:
    dims = draw(st.integers(1, 3))
    plan = draw(st.sampled_from(sorted(PLANS)))
    side = st.integers(1, 3)
    pools = [draw(st.one_of(side, st.tuples(*[side] * dims))) for _ in PLANS[plan].blocks]
    least = [math.prod(pool if isinstance(pool, int) else pool[axis] for pool in pools) for axis in range(dims)]
    shape = (draw(st.integers(1, 5)), *(smallest + draw(st.integers(0, 20)) for smallest in least))
    options = {
        "plan": plan,
        "pools": draw(st.sampled_from([pools, pools, None])),
        "width": draw(st.sampled_from([0.05, 0.3, 1.0, 1.5])),
        "norm": draw(st.sampled_from(["none", "batch"])),
        "head": draw(st.sampled_from(["fc", "pooled"])),
        "grid": draw(st.one_of(st.none(), st.tuples(*[st.integers(1, 4)] * dims))),
        "activation": draw(st.sampled_from(["relu", "leaky_relu"])),
        "kernel": draw(st.one_of(st.just(3), st.tuples(*[st.sampled_from([1, 3, 5, 7])] * dims))),
        "padding": draw(st.sampled_from(["zeros", "replicate"])),
    }
    if options["pools"] is None:
        shape = (shape[0], *(2 ** len(PLANS[plan].blocks) + extra for extra in shape[1:]))
    return shape, draw(st.integers(1, 9)), options


@given(nets())
@settings(deadline=None, max_examples=40)
def test_any_net_is_counted_to_the_last_digit(net: tuple[tuple[int, ...], int, dict]) -> None:
    shape, classes, options = net
    check(VGG, shape, shape, classes, 1, **options)


@given(
    bands=st.integers(1, 12),
    steps=st.integers(0, 40),
    plan=st.sampled_from(sorted(PLANS)),
    pool=st.integers(1, 3),
    head=st.sampled_from(["fc", "pooled"]),
    norm=st.sampled_from(["none", "batch"]),
    grid=st.sampled_from([None, (1,), (3,)]),
)
@settings(deadline=None, max_examples=25)
def test_bands_folded_into_the_batch_are_counted_as_rows(
    bands: int, steps: int, plan: str, pool: int, head: str, norm: str, grid: tuple[int] | None
) -> None:
    pools = [pool] * len(PLANS[plan].blocks)
    steps += math.prod(pools)
    options = {"plan": plan, "width": 0.1, "pools": pools, "head": head, "norm": norm, "grid": grid}
    check(FoldedVGG, (1, steps), (bands, steps), 4, bands, **options)


@pytest.mark.parametrize("classes", [10, 1000])
def test_classes_cost_only_the_last_layer(classes: int) -> None:
    *same, last = ledger((3, 64, 64), classes, plan="A")
    assert same == ledger((3, 64, 64), 2, plan="A")[:-1]
    assert (last.params, last.macs) == (4097 * classes, 4096 * classes)


def test_the_outputs_are_the_sizes_on_every_axis() -> None:
    pools = [(1, 2, 2), 2, 2]
    sizes = {cost.name: cost.output for cost in ledger((3, 9, 16, 24), 2, plan="micro", pools=pools)}
    assert sizes["pool1"] == (9, 8, 12)
    assert sizes["pool3"] == (2, 2, 3)
    assert sizes["fc6"] == (1, 1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plan": "F"}, "no plan is called 'F'"),
        ({"width": 0}, "the width multiplier must be positive"),
        ({"plan": "A:6"}, "plan A:6: A has 5 blocks"),
        ({"kernel": (2, 3)}, r"kernels must be odd to keep the size of the map, got \(2, 3\)"),
        ({"pools": [2]}, "plan micro has 3 blocks and needs as many pools"),
        ({"grid": (1, 1, 1)}, "2 spatial axes need 2 values"),
        ({"input_shape": (3, 64, 7)}, "an input of 7 along width is too short for plan micro"),
    ],
)
def test_what_the_net_refuses_has_no_cost(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ledger(**({"input_shape": (3, 64, 64), "outputs": 2, "plan": "micro"} | options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "linear"}, "head must be one of fc, pooled, not 'linear'"),
        ({"norm": "layer"}, "norm must be none or one of batch, not 'layer'"),
        ({"grid": (0, 0)}, "grid"),
        ({"activation": "gelu"}, "activation must be one of relu, leaky_relu, not 'gelu'"),
        ({"dropout": -1}, "dropout must be a share from 0 to 1, got -1"),
        ({"outputs": 0}, "a net needs one class or more"),
        ({"input_shape": (3, 8, 8, 8, 8)}, "dims must be 1, 2 or 3, not 4"),
    ],
)
def test_the_ledger_refuses_as_the_net_does(options: dict, message: str) -> None:
    arguments = {"input_shape": (3, 64, 64), "outputs": 2, "plan": "micro"} | options
    with pytest.raises(ValueError, match=message):
        ledger(**arguments)


def test_total_of_nothing() -> None:
    assert set(total([]).values()) == {0}


def test_an_alias_costs_what_its_plan_does() -> None:
    assert ledger((3, 64, 64), 5, plan="vgg16") == ledger((3, 64, 64), 5, plan="D")
