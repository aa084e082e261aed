"""vggx.surgery.transfer: the outputs of torchvision's nets from nets of other dims, and a row for every layer."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision import models

from tests.vggx import published
from tests.vggx.surgery.conftest import CLASSES, NAMES, block_maps
from vggx.init import Undrawn
from vggx.net import VGG
from vggx.surgery.transfer import check_fresh, load, transfer
from vggx.weights.source import Weights, of_state

Make = Callable[[str, str], models.VGG]
NEAR = 1e-5  # of a map's greatest value
EXACT = [("center", "zeros"), ("mean", "replicate")]


def far(a: Tensor, b: Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


def video_net(plan: str, norm: str, time_padding: str, side: int, frames: int = 16, width: float = 1.0) -> VGG:
    with Undrawn():
        net = VGG(
            (3, frames, side, side), CLASSES, plan=plan, norm=norm, width=width, grid=(1, 7, 7),
            pools=[(1, 2, 2)] + [(2, 2, 2)] * 4, padding=(time_padding, "zeros", "zeros"),
        )  # fmt: skip
    return net.eval()


def inflated(theirs: models.VGG, net: VGG, rule: str) -> VGG:
    found = transfer(of_state(theirs.state_dict()), net, rule=rule)
    assert {row["result"] for row in found.rows} == {"copied"}
    load(net, found, "glorot")
    return net


def check_still_clip(theirs: models.VGG, net: VGG, side: int, frames: int = 16) -> None:
    """Every frame of every block, and the logits, are those of the frame."""
    x = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(2))
    maps = net.backbone(x.unsqueeze(2).expand(-1, -1, frames, -1, -1))
    wanted = block_maps(theirs, x)
    assert len(maps) == len(wanted) == 5
    for ours, frame in zip(maps, wanted, strict=True):
        assert frame.abs().max() > 0.1
        for step in ours.unbind(2):
            assert far(step, frame) <= NEAR
    assert far(net.head(maps), theirs(x)) <= NEAR


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("plan", ["A", "D", *(pytest.param(plan, marks=pytest.mark.slow) for plan in ("B", "E"))])
def test_a_still_clip_gives_torchvisions_maps_and_logits(plan: str, norm: str, torchvision_net: Make) -> None:
    theirs = torchvision_net(plan, norm)
    for rule, time_padding in EXACT:
        check_still_clip(theirs, inflated(theirs, video_net(plan, norm, time_padding, 112), rule), 112)


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize(("plan", "side"), [("B", 112), ("E", 112), ("A", 224)])
def test_the_same_of_nets_an_eighth_as_wide(plan: str, norm: str, side: int) -> None:
    """At 112 pixels the last map is pooled up to the classifier's grid, at 224 it is as large."""
    theirs = published.narrow(plan, norm)
    for rule, time_padding in EXACT:
        check_still_clip(theirs, inflated(theirs, video_net(plan, norm, time_padding, side, width=0.125), rule), side)


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("plan", NAMES)
def test_the_same_at_the_size_that_the_weights_were_trained_at(plan: str, norm: str, torchvision_net: Make) -> None:
    theirs = torchvision_net(plan, norm)
    for rule, time_padding in EXACT:
        check_still_clip(theirs, inflated(theirs, video_net(plan, norm, time_padding, 224), rule), 224)


def test_mean_with_zeros_beyond_the_ends_drifts(torchvision_net: Make) -> None:
    """The reason for the default: the ends of the clip are dimmed by every layer, until all of it is the ends."""
    theirs = torchvision_net("A", "none")
    net = inflated(theirs, video_net("A", "none", "zeros", 64), "mean")
    x = torch.randn(1, 3, 64, 64)
    maps = net.backbone(x.unsqueeze(2).expand(-1, -1, 16, -1, -1))
    wanted = block_maps(theirs, x)
    first, last = far(maps[0][:, :, 0], wanted[0]), far(maps[-1][:, :, 0], wanted[-1])
    assert first == pytest.approx(1 / 3, abs=0.05)  # of the first layer's sum a third is missing
    assert last > 0.25
    assert far(maps[0][:, :, 8], wanted[0]) <= NEAR


@given(
    plan=st.sampled_from(["micro", "micro4", "mini", "C:2", "A:3"]),
    norm=st.sampled_from(["none", "batch"]),
    kernel=st.sampled_from([1, 3, 5, 7]),
    frames=st.integers(1, 9),
    exact=st.sampled_from(EXACT),
    head=st.sampled_from(["fc", "pooled"]),
)
@settings(max_examples=25, deadline=None)
def test_any_plan_kernel_and_length(
    plan: str, norm: str, kernel: int, frames: int, exact: tuple[str, str], head: str
) -> None:
    rule, time_padding = exact
    torch.manual_seed(frames)
    common = {"plan": plan, "width": 0.25, "norm": norm, "head": head}
    image = VGG((3, 32, 32), 4, **common).eval()
    blocks = len(image.spec.blocks)
    clip = VGG(
        (3, frames, 32, 32), 4, grid=(1, *image.grid), kernel=(kernel, 3, 3), pools=[(1, 2, 2)] * blocks,
        padding=(time_padding, "zeros", "zeros"), **common,
    ).eval()  # fmt: skip
    weights = of_state(image.state_dict(), plan=plan)
    found = transfer(weights, clip, rule=rule)
    load(clip, found, "glorot")
    assert not found.fresh()
    x = torch.randn(2, 3, 32, 32)
    wanted = image.backbone(x)
    maps = clip.backbone(x.unsqueeze(2).expand(-1, -1, frames, -1, -1))
    for ours, frame in zip(maps, wanted, strict=True):
        for step in ours.unbind(2):
            assert far(step, frame) <= NEAR
    assert far(clip.head(maps), image(x)) <= NEAR
    back = VGG((3, 32, 32), 4, **common).eval()
    load(back, transfer(of_state(clip.state_dict(), plan=plan), back), "glorot")
    for name, value in image.state_dict().items():
        torch.testing.assert_close(back.state_dict()[name], value, rtol=0, atol=0 if rule == "center" else 1e-6)


# two dimensions to one


def sound_net(image: VGG, plan: str, channels: int = 1) -> VGG:
    return VGG((channels, 32), 4, plan=plan, width=0.25, norm="batch", grid=(1,)).eval()


def test_a_spectrogram_that_is_the_same_at_every_frequency() -> None:
    """The image net pads frequency by its border values and time by zeros; then the sum is exact, row by row."""
    torch.manual_seed(0)
    image = VGG((3, 32, 32), 4, plan="mini", width=0.25, norm="batch", padding=("replicate", "zeros")).eval()
    sound = sound_net(image, "mini")
    found = transfer(of_state(image.state_dict(), plan="mini"), sound)
    load(sound, found, "glorot")
    line = torch.randn(2, 1, 32)
    maps, wanted = sound.backbone(line), image.backbone(line.unsqueeze(2).expand(-1, 3, 32, -1))
    for ours, theirs in zip(maps, wanted, strict=True):
        for row in theirs.unbind(2):
            assert far(ours, row) <= NEAR
    rules = {row["target"]: row["rule"] for row in found.rows}
    assert rules["conv1_1"] == "sum over height, sum over RGB"
    assert rules["conv1_2"] == "sum over height"
    assert rules["fc6"] == "sum over height, sum over time"
    assert rules["conv1_1.norm"] == rules["fc8"] == "copy"


def test_frequency_as_channels_cannot_inherit_its_stem() -> None:
    weights = of_state(VGG((3, 32, 32), 4, plan="mini", width=0.25, norm="batch").state_dict(), plan="mini")
    found = transfer(weights, sound_net(VGG((3, 32, 32), 4, plan="mini"), "mini", channels=40))
    assert found.fresh() == ["conv1_1"]
    message = r"conv1_1 \(it reads 40 channels, the source's reads 3\).*allow_fresh=\[conv1_1\]"
    with pytest.raises(ValueError, match=message):
        check_fresh(found, [], keep_classes=True)
    check_fresh(found, ["conv1_1"], keep_classes=True)


def test_one_dimension_back_to_two() -> None:
    torch.manual_seed(0)
    sound = VGG((1, 32), 4, plan="micro", width=0.5, grid=(1,)).eval()
    image = VGG((3, 32, 32), 4, plan="micro", width=0.5, grid=(1, 1)).eval()
    load(image, transfer(of_state(sound.state_dict(), plan="micro"), image), "glorot")
    again = VGG((1, 32), 4, plan="micro", width=0.5, grid=(1,)).eval()
    load(again, transfer(of_state(image.state_dict(), plan="micro"), again), "glorot")
    line = torch.randn(1, 1, 32)
    assert far(image(line.unsqueeze(2).expand(-1, 3, 32, -1)), sound(line)) <= NEAR
    assert far(again(line), sound(line)) <= NEAR


# what is said of every layer


@pytest.fixture
def mini() -> Weights:
    torch.manual_seed(0)
    return of_state(VGG((3, 32, 32), 4, plan="mini", width=0.25, norm="batch").state_dict(), plan="mini")


def clip_net(**options) -> VGG:
    given = {"plan": "mini", "width": 0.25, "norm": "batch", "grid": (1, 4, 4), "pools": [(1, 2, 2)] * 3} | options
    return VGG((3, 4, 32, 32), 4, **given)


def test_a_row_for_every_layer(mini: Weights) -> None:
    rows = {row["target"]: row for row in transfer(mini, clip_net()).rows}
    units = [f"conv{block}_{index}" for block in (1, 2, 3) for index in (1, 2)]
    assert list(rows) == [name for unit in units for name in (unit, f"{unit}.norm")] + ["fc6", "fc7", "fc8"]
    assert rows["conv2_1"] == {
        "target": "conv2_1", "source": "backbone.block2.conv2_1.conv", "rule": "center",
        "source_shape": [16, 8, 3, 3], "target_shape": [16, 8, 3, 3, 3], "result": "copied",
    }  # fmt: skip
    assert rows["fc6"]["rule"] == "copy"
    assert rows["fc6"]["target_shape"] == [64, 32, 1, 4, 4]


def test_a_new_class_list_frees_the_last_layer_alone(mini: Weights) -> None:
    net = clip_net()
    found = transfer(mini, net, keep_classes=False)
    assert found.fresh() == ["fc8"]
    check_fresh(found, [], keep_classes=False)
    before = net.head.fc8.weight.clone()
    load(net, found, "glorot")
    assert net.head.fc8.weight.abs().max() > 0
    assert not torch.equal(net.head.fc8.weight, before)
    with pytest.raises(ValueError, match=r"1 layers would stay fresh, that is random: fc8 \(new classes\)"):
        check_fresh(found, [], keep_classes=True)


@pytest.mark.parametrize("leave", [["block3", "head"], ["conv3_1", "conv3_2", "fc6", "fc7", "fc8"]])
def test_layers_that_stay_fresh_need_leave(mini: Weights, leave: list[str]) -> None:
    state = {name: value for name, value in mini.state.items() if not name.startswith(("conv3", "fc"))}
    part = Weights(**{**vars(mini), "state": state})
    net = clip_net()
    found = transfer(part, net)
    with pytest.raises(ValueError, match=r"7 layers would stay fresh.*allow_fresh=\[block3,fc6,fc7,fc8\]"):
        check_fresh(found, [], keep_classes=True)
    check_fresh(found, leave, keep_classes=True)
    running = net.backbone.block3.conv3_1.norm.running_mean
    load(net, found, "he")
    assert torch.equal(net.backbone.block3.conv3_1.norm.running_mean, torch.zeros_like(running))
    assert torch.isfinite(net.backbone.block3.conv3_1.conv.weight).all()
    assert torch.equal(net.backbone.block2.conv2_2.norm.running_var, mini.state["conv2_2.norm.running_var"])


def test_a_file_from_before_batches_were_counted_is_inherited_whole(mini: Weights) -> None:
    """As torchvision's vgg16_bn-6c64b313.pth of 2017; its norms begin to count."""
    state = {name: value for name, value in mini.state.items() if not name.endswith("num_batches_tracked")}
    assert len(state) == len(mini.state) - 6
    net = clip_net()
    net.backbone.block1.conv1_1.norm.num_batches_tracked += 7
    found = transfer(Weights(**{**vars(mini), "state": state}), net)
    assert found.fresh() == []
    load(net, found, "glorot")
    assert net.backbone.block1.conv1_1.norm.num_batches_tracked == 0


def test_a_leave_without_a_name_covers_nothing(mini: Weights) -> None:
    with pytest.raises(ValueError, match=r"allow_fresh names '', and the net has no such layer: conv1_1, "):
        check_fresh(transfer(mini, clip_net()), [""], keep_classes=True)


def test_a_leave_that_names_no_layer_is_refused(mini: Weights) -> None:
    with pytest.raises(ValueError, match=r"allow_fresh names 'block9', and the net has no such layer: conv1_1, "):
        check_fresh(transfer(mini, clip_net()), ["block9"], keep_classes=True)


def test_only_layers_asked_for_are_inherited_and_the_others_need_no_leave(mini: Weights) -> None:
    net = VGG((3, 32, 32), 4, plan="micro4", width=0.5, norm="batch")  # whose first three blocks have mini's widths
    asked = ["conv1_1", "block2", "fc6"]
    before = net.backbone.block3.conv3_1.conv.weight.clone()
    found = transfer(mini, net, only=asked)
    copied = [row["target"] for row in found.rows if row["result"] == "copied"]
    assert copied == ["conv1_1", "conv1_1.norm", "conv2_1", "conv2_1.norm"]
    reasons = {row["target"]: row["rule"] for row in found.rows if row["result"] == "fresh"}
    assert {name for name, why in reasons.items() if why == "not among inherit"} == {
        "conv3_1", "conv3_1.norm", "conv4_1", "conv4_1.norm", "fc7", "fc8",
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"1 layers would stay fresh, that is random: fc6 \(it reads 64 channels"):
        check_fresh(found, [], keep_classes=True)  # which was asked for, and does not fit
    check_fresh(transfer(mini, net, only=asked[:2]), [], keep_classes=True)
    load(net, found, "he")
    assert torch.equal(net.backbone.block2.conv2_1.conv.weight, mini.state["conv2_1.weight"])
    assert not torch.equal(net.backbone.block3.conv3_1.conv.weight, before)
    with pytest.raises(ValueError, match="inherit names 'conv3_2', and the net has no such layer: conv1_1, "):
        transfer(mini, net, only=["conv3_2"])


def test_layers_that_the_net_lacks_are_reported_as_dropped(mini: Weights) -> None:
    rows = transfer(mini, clip_net(plan="mini:2", head="pooled", pools=[(1, 2, 2)] * 2)).rows
    dropped = [row["source"] for row in rows if row["result"] == "dropped"]
    assert dropped == [
        *(f"backbone.block3.conv3_{i}.{part}" for i in (1, 2) for part in ("conv", "norm")),
        *("head.fc6", "head.fc7", "head.fc8"),
    ]
    assert [row["target"] for row in rows if row["result"] == "fresh"] == ["fc"]


def test_what_no_layer_could_mend_is_refused(mini: Weights) -> None:
    with pytest.raises(ValueError, match=r"modality.net.plan=micro: the weights of state dict are of plan mini"):
        transfer(mini, clip_net(plan="micro"))
    with pytest.raises(ValueError, match=r"modality.net.norm=none: the weights of state dict are of a net with batch"):
        transfer(mini, clip_net(norm="none"))
    clip = of_state(clip_net().state_dict(), plan="mini")
    with pytest.raises(ValueError, match=r"of dims 3, the net of dims 1: .* make a net of dims 2 of them first"):
        transfer(clip, VGG((1, 32), 4, plan="mini", width=0.25, norm="batch", grid=(1,)))


def test_norms_that_the_source_lacks_need_leave() -> None:
    plain = of_state(VGG((3, 32, 32), 4, plan="mini", width=0.25).state_dict(), plan="mini")
    found = transfer(plain, clip_net())
    with pytest.raises(ValueError, match=r"allow_fresh=\[norm\]"):
        check_fresh(found, [], keep_classes=True)
    check_fresh(found, ["norm"], keep_classes=True)


def test_another_width_or_grid_is_fresh_with_the_reason(mini: Weights) -> None:
    rows = {row["target"]: row["rule"] for row in transfer(mini, clip_net(grid=(1, 3, 3))).rows}
    assert rows["fc6"] == "(64, 32, 4, 4) does not become (64, 32, 1, 3, 3)"
    assert "does not become" in transfer(mini, clip_net(width=0.5)).rows[0]["rule"]
