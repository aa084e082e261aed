"""vggx.weights.layouts and recognise: which net a state dict is of, by its names and shapes alone."""

import re
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchvision import models

from vggx.net import VGG
from vggx.plans import get_plan
from vggx.weights.recognise import recognise

NAMES = {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}
State = dict[str, Tensor]
eight = pytest.mark.parametrize(("plan", "norm"), [(plan, norm) for plan in NAMES for norm in ("none", "batch")])


def torchvision_net(plan: str, norm: str) -> models.VGG:
    with torch.device("meta"):
        return getattr(models, NAMES[plan] + ("_bn" if norm == "batch" else ""))(weights=None)


def of_torchvision(plan: str, norm: str = "none") -> State:
    return torchvision_net(plan, norm).state_dict()


def ours(plan: str, norm: str = "none", dims: int = 2, **options: Any) -> State:
    with torch.device("meta"):
        return VGG((3, *(32,) * dims), 4, plan=plan, norm=norm, **options).state_dict()


def blocks(state: State, last: int, plan: str = "E") -> State:
    """The tensors of torchvision's plain net up to a block's last convolution."""
    ends = {"B": (0, 2, 7, 12, 17, 22), "D": (0, 2, 7, 14, 21, 28), "E": (0, 2, 7, 16, 25, 34)}[plan]
    return {k: v for k, v in state.items() if k.startswith("features.") and int(k.split(".")[1]) <= ends[last]}


# published nets


@eight
def test_torchvisions_are_recognised_layer_by_layer(plan: str, norm: str) -> None:
    net = torchvision_net(plan, norm)
    layout, found = recognise(net.state_dict())
    assert (layout, found.plan, found.width, found.norm) == ("torchvision", plan, 1.0, norm)
    wanted = {}
    block, index = 1, 0
    for number, layer in enumerate(net.features):
        if isinstance(layer, nn.MaxPool2d):
            block, index = block + 1, 0
        elif isinstance(layer, nn.Conv2d):
            index += 1
            wanted |= {f"conv{block}_{index}.{part}": f"features.{number}.{part}" for part in ("weight", "bias")}
        elif isinstance(layer, nn.BatchNorm2d):
            parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
            wanted |= {f"conv{block}_{index}.norm.{part}": f"features.{number}.{part}" for part in parts}
    for layer, number in {"fc6": 0, "fc7": 3, "fc8": 6}.items():
        wanted |= {f"{layer}.{part}": f"classifier.{number}.{part}" for part in ("weight", "bias")}
    assert {name: key for name, (key, _) in found.layers.items()} == wanted
    assert set(wanted.values()) == set(net.state_dict())


@eight
def test_timms_are_recognised_layer_by_layer(plan: str, norm: str) -> None:
    timm = pytest.importorskip("timm")
    with torch.device("meta"):
        state = timm.create_model(NAMES[plan] + ("_bn" if norm == "batch" else "")).state_dict()
    layout, found = recognise(state)
    assert (layout, found.plan, found.width, found.norm) == ("timm", plan, 1.0, norm)
    keys = {name: key for name, (key, _) in found.layers.items()}
    assert set(keys.values()) == set(state)
    assert [keys[f"{name}.weight"] for name in ("fc6", "fc7", "fc8")] == [
        *("pre_logits.fc1.weight", "pre_logits.fc2.weight", "head.fc.weight")
    ]
    _, theirs = recognise(of_torchvision(plan, norm))
    assert {k: key for k, key in keys.items() if k.startswith("conv")} == {
        k: key for k, (key, _) in theirs.layers.items() if k.startswith("conv")
    }


@pytest.mark.parametrize("prefix", ["module.", "model.", "model.net."])
def test_a_prefix_of_all_names_does_not_matter(prefix: str) -> None:
    for state in (of_torchvision("D", "batch"), ours("D", "batch")):
        layout, plain = recognise(state)
        again, found = recognise({prefix + name: value for name, value in state.items()})
        assert (again, found.plan, found.norm) == (layout, "D", "batch")
        assert {name: key for name, (key, _) in found.layers.items()} == {
            name: prefix + key for name, (key, _) in plain.layers.items()
        }


def test_files_from_before_num_batches_tracked_are_recognised() -> None:
    """torchvision's vgg16_bn-6c64b313.pth is of 2017; batch norm counts batches since 2018."""
    state = {k: v for k, v in of_torchvision("D", "batch").items() if not k.endswith("num_batches_tracked")}
    assert recognise(state)[1].norm == "batch"


# parts


@pytest.mark.parametrize(("plan", "last"), [("D", 3), ("E", 3), ("D", 4), ("E", 4), ("E", 5), ("B", 3)])
def test_the_first_blocks_tell_the_plan_where_they_differ(plan: str, last: int) -> None:
    found = recognise(blocks(of_torchvision(plan), last, plan))[1]
    assert (found.plan, found.width, found.norm) == (plan, 1.0, "none")
    assert len({name.partition("_")[0] for name in found.layers}) == last


def test_without_the_classifier_it_is_the_same_plan() -> None:
    for plan in NAMES:
        state = {k: v for k, v in of_torchvision(plan, "batch").items() if not k.startswith("classifier")}
        assert recognise(state)[1].plan == plan


def test_blocks_that_plans_share_name_all_of_them_and_are_settled_by_name() -> None:
    state = blocks(of_torchvision("E"), 2)
    message = "the layers that are there are alike in the plans B (vgg13) or C or D (vgg16) or E (vgg19): say which"
    with pytest.raises(ValueError, match=f"^{re.escape(message)} with modality.net.plan="):
        recognise(state)
    for plan, name in {"C": "C", "vgg16": "D", "e": "E"}.items():
        assert recognise(state, plan)[1].plan == name


def test_a_wrong_plan_is_refused_by_the_one_that_fits() -> None:
    with pytest.raises(ValueError, match=r"^modality\.net\.plan=vgg19: the weights are of plan D \(vgg16\)$"):
        recognise(of_torchvision("D"), "vgg19")
    with pytest.raises(ValueError, match=r"^modality\.net\.plan=D: the weights are of plan C$"):
        recognise(ours("C"), "D")
    with pytest.raises(ValueError, match=r"^modality\.net\.plan=micro: the weights are of plan B \(vgg13\) or C or "):
        recognise(blocks(of_torchvision("E"), 2), "micro")


# our own nets


def test_a_net_with_local_response_norm_must_be_named() -> None:
    """It has no weights of its own, so that the shapes are A's."""
    assert recognise(ours("A-LRN"))[1].plan == "A"
    assert recognise(ours("A-LRN"), "A-LRN")[1].plan == "A-LRN"


@given(
    plan=st.sampled_from(["A", "B", "C", "D", "E", "micro", "micro4", "mini"]),
    norm=st.sampled_from(["none", "batch"]),
    width=st.sampled_from([1.0, 0.25, 0.5, 2.0, 4.0]) | st.floats(0.05, 3),
    dims=st.sampled_from([1, 2, 3]),
    head=st.sampled_from(["fc", "pooled"]),
)
@example(plan="mini", norm="none", width=2.0, dims=2, head="pooled")  # vgg13's first blocks look like it
@settings(max_examples=50, deadline=None)
def test_our_own_are_recognised_as_what_they_are(plan: str, norm: str, width: float, dims: int, head: str) -> None:
    """So that the net built of what was found has the same weights, whatever the multiplier was called."""
    state = ours(plan, norm, dims, width=width, head=head)
    layout, found = recognise(state)
    assert (layout, found.plan, found.norm) == ("vggx", plan, norm)
    assert found.width == pytest.approx(width, rel=0.1, abs=0.05)
    again = ours(found.plan, found.norm, dims, width=found.width, head=head)
    assert {name: value.shape for name, value in again.items()} == {name: value.shape for name, value in state.items()}


@pytest.mark.parametrize("width", [1.0, 0.5])
def test_first_blocks_with_a_head_are_a_plan_cut_short(width: float) -> None:
    state = ours("E:3", "batch", width=width, head="pooled")
    found = recognise(state)[1]
    assert get_plan(found.plan, found.width) == get_plan("E:3", width)
    assert recognise(state, "E")[1].plan == "E:3"
    with pytest.raises(ValueError, match=r"^modality\.net\.plan=D:3: the weights are of plan E:3$"):
        recognise(state, "D:3")


# what is no VGG


def test_other_nets_are_refused_with_the_names_that_are_known() -> None:
    with torch.device("meta"):
        state = models.resnet18(weights=None).state_dict()
    with pytest.raises(
        ValueError, match=r"its names begin with conv1\.weight, bn1\.weight, bn1\.bias; known are torchv"
    ):
        recognise(state)
    with torch.device("meta"), pytest.warns(FutureWarning):
        state = models.googlenet(weights=None).state_dict()
    with pytest.raises(ValueError, match="no layers of a VGG are in it"):  # though it has layers called fc1
        recognise(state)


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1", "mobilenet_v2"])
def test_other_nets_that_number_their_layers_too_are_refused(name: str) -> None:
    with torch.device("meta"):
        state = getattr(models, name)(weights=None).state_dict()
    with pytest.raises(ValueError, match=r"of no plan that is known \(A, A-LRN, B, .*its kernels are \[\("):
        recognise(state)


def test_a_changed_layer_fits_no_plan() -> None:
    state = of_torchvision("D") | {"features.10.weight": torch.empty(300, 256, 3, 3, device="meta")}
    with pytest.raises(ValueError, match="of no plan that is known"):
        recognise(state)
    state = of_torchvision("D") | {"classifier.3.weight": torch.empty(1024, 4096, device="meta")}
    with pytest.raises(ValueError, match="of no plan that is known"):
        recognise(state)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("classifier.3", (4096, 8192)),
        ("classifier.6", (1000, 8192)),
        ("classifier.0", (4096, 25088 + 256)),
        ("head.fc", (4, 1024, 1, 1)),
    ],
)
def test_a_classifier_that_reads_more_than_comes_before_it_is_refused(layer: str, shape: tuple[int, ...]) -> None:
    """fc6 may read a map of any size, the others one position alone, so that twice as much is no plan's."""
    state = ours("D", head="pooled") if layer == "head.fc" else of_torchvision("D")
    assert f"{layer}.weight" in state
    with pytest.raises(ValueError, match="of no plan that is known"):
        recognise(state | {f"{layer}.weight": torch.empty(*shape, device="meta")})


def test_two_nets_in_one_file_are_refused() -> None:
    state = of_torchvision("A")
    both = state | {f"ema.{name}": value for name, value in state.items()}
    message = r"^features\.0\.weight and ema\.features\.0\.weight are both conv1_1\.weight: give a file with one net$"
    with pytest.raises(ValueError, match=message):
        recognise(both)
