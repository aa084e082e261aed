"""modalities.video.net: published counts, time pools, kernels and padding, and clips too short for them."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from modalities.video.net import build
from modalities.video.options import Data, Net
from vggx import configs, settings
from vggx.blocks import ConvUnit
from vggx.cost.counter import count
from vggx.cost.ledger import ledger_of, total
from vggx.net import VGG, PreparedNet
from vggx.options import ClassifyOptions, Modality, Recipe
from vggx.tasks.classify import Classify
from vggx.tasks.module import TaskModule
from vggx.weights.store import load_net, make_card, save_net


def options(**given: Any) -> Data:
    return Data(**{"frames": 8, "frame_stride": 1, "size": 16, **given})


def net(data: Data | None = None, classes: int = 5, **given: Any) -> PreparedNet:
    torch.manual_seed(0)
    arguments = {"plan": "micro", "norm": "none", "head": "pooled", "dropout": 0.0, "init": "he", **given}
    return build(Net(**arguments), data or options(), classes).eval()


def on_meta(data: Data, classes: int = 400, **given: Any) -> PreparedNet:
    with torch.device("meta"):
        return build(Net(**given), data, classes)


def clip(frames: int = 8, size: int = 16, batch: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (batch, 3, frames, size, size), dtype=torch.uint8, generator=generator)


REAL = {"frames": 16, "frame_stride": 2, "size": 112}


def test_the_convolutions_of_plan_d_inflated_have_their_published_number_of_weights() -> None:
    found = on_meta(options(**REAL), plan="D")
    backbone = sum(parameter.numel() for parameter in found.vgg.backbone.parameters())
    assert backbone == 44_135_616
    kernels = {tuple(p.shape[2:]) for p in found.vgg.backbone.parameters() if p.ndim > 1}
    assert kernels == {(3, 3, 3)}


def test_sixteen_frames_end_as_one_step() -> None:
    found = on_meta(options(**REAL), plan="D")
    maps = found.vgg.backbone(torch.empty(1, 3, 16, 112, 112, device="meta"))
    assert [tuple(m.shape[2:]) for m in maps] == [(16, 56, 56), (8, 28, 28), (4, 14, 14), (2, 7, 7), (1, 3, 3)]
    assert found.vgg.grid == (1, 3, 3)
    assert found.vgg.head.fc6.kernel_size == (1, 3, 3)
    assert found.vgg.dims == 3


@pytest.mark.parametrize(("frames", "steps"), [(16, 1), (32, 2), (47, 2), (48, 3)])
def test_fc6_sees_one_step_of_time_of_any_clip(frames: int, steps: int) -> None:
    found = on_meta(options(**REAL) if frames == 16 else options(**{**REAL, "frames": frames}), plan="D")
    assert found.vgg.grid == (1, 3, 3)
    x = torch.empty(1, 3, frames, 112, 112, device="meta")
    assert found.vgg.head.score_map(found.vgg.backbone(x)).shape == (1, 400, steps, 1, 1)
    assert found(x).shape == (1, 400)


def test_other_time_pools() -> None:
    found = net(time_pools=[1, 1, 1])
    maps = found.vgg.backbone(torch.zeros(1, 3, 8, 16, 16))
    assert [m.shape[2] for m in maps] == [8, 8, 8]
    assert [m.shape[2] for m in net(time_pools=[4, 1, 2]).vgg.backbone(torch.zeros(1, 3, 8, 16, 16))] == [2, 2, 1]


def test_as_many_time_pools_as_blocks() -> None:
    with pytest.raises(
        ValueError, match=r"modality\.net\.time_pools=\[1, 2\] must have one value for each of the 3 blocks"
    ):
        net(time_pools=[1, 2])


@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_a_clip_too_short_for_its_pools_is_refused_by_name_and_number(head: str) -> None:
    message = (
        r"an input of 8 along time is too short for plan D: its pools \(pool2, pool3, pool4, pool5\) shorten time "
        r"2 x 2 x 2 x 2 = 16 times and pool5 would have nothing to pool\. Give at least 16"
    )
    with pytest.raises(ValueError, match=message):
        on_meta(options(**{**REAL, "frames": 8}), plan="D", head=head)
    with pytest.raises(ValueError, match=r"an input of 3 along time is too short .* Give at least 4"):
        net(options(frames=3), head=head)
    with pytest.raises(ValueError, match=r"an input of 16 along height is too short .* Give at least 32"):
        on_meta(options(**{**REAL, "size": 16}), plan="D", head=head)


def test_the_shortest_clip_works() -> None:
    assert net(options(frames=4))(clip(4)).shape == (2, 5)


@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_logits_of_bytes_and_of_floats(head: str) -> None:
    found = net(head=head)
    logits = found(clip())
    assert logits.shape == (2, 5)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(found(clip().float() / 255), logits)


def test_the_order_of_frames_matters() -> None:
    found = net()
    x = clip()
    assert (found(x) - found(x.flip(2))).abs().max() > 1e-3


def test_a_still_clip_gives_the_same_at_any_length_if_time_is_replicated() -> None:
    still = clip(1).expand(-1, -1, 16, -1, -1)
    for padding in ("replicate", "zeros"):
        found = net(time_padding=padding)
        short, long = found(still[:, :, :8]), found(still)
        gap = (short - long).abs().max() / long.abs().max()
        assert gap < 1e-5 if padding == "replicate" else gap > 1e-2


def test_time_padding_leaves_the_borders_of_the_picture_alone() -> None:
    """One frame of one conv equals the net's first convolution with zeros around height and width."""
    found = net(time_padding="replicate")
    unit = found.vgg.backbone.block1.conv1_1
    x = torch.randn(1, 3, 5, 6, 6, generator=torch.Generator().manual_seed(0))
    held = torch.cat([x[:, :, :1], x, x[:, :, -1:]], 2)
    expected = torch.nn.functional.conv3d(held, unit.conv.weight, unit.conv.bias, padding=(0, 1, 1)).relu()
    torch.testing.assert_close(unit(x), expected)


# kernels along time


@pytest.mark.parametrize("time_kernel", [1, 5, 7])
def test_the_kernels_along_time(time_kernel: int) -> None:
    backbone = net(plan="C:3", time_kernel=time_kernel).vgg.backbone
    shapes = [tuple(unit.conv.kernel_size) for unit in backbone.modules() if isinstance(unit, ConvUnit)]
    assert shapes == [(time_kernel, 3, 3)] * 6 + [(1, 1, 1)]


def test_a_time_kernel_of_3_is_the_plans_own() -> None:
    with torch.device("meta"):
        plain = VGG((3, 16, 112, 112), 400, plan="C", pools=[(1, 2, 2), 2, 2, 2, 2], grid=(1, 3, 3))
    found = on_meta(options(**REAL), plan="C", time_kernel=3).vgg
    assert {name: value.shape for name, value in found.state_dict().items()} == {
        name: value.shape for name, value in plain.state_dict().items()
    }


@pytest.mark.parametrize("time_kernel", [1, 5, 7])
@pytest.mark.parametrize("time_padding", ["zeros", "replicate"])
def test_another_time_kernel_is_counted_to_the_last_digit(time_padding: str, time_kernel: int) -> None:
    given = {"plan": "C", "norm": "batch", "time_kernel": time_kernel, "time_padding": time_padding}
    data = options(**REAL)
    found = total(ledger_of(Modality(name="video", code="modalities.video", net=Net(**given), data=data), 400))
    counted = asdict(count(on_meta(data, **given).vgg, torch.empty(1, 3, 16, 112, 112, device="meta")))
    del counted["moved"]  # a copy for replicated frames, too, which the ledger takes for free
    assert {name: found[name] for name in counted} == counted


@pytest.mark.parametrize("time_kernel", [2, 0, -1])
def test_an_even_time_kernel_is_refused_by_name(time_kernel: int) -> None:
    with pytest.raises(ValueError, match=rf"modality\.net\.time_kernel must be odd, 1 or more, not {time_kernel}"):
        net(time_kernel=time_kernel)


@pytest.mark.parametrize("frames", [1, 2])
def test_a_kernel_longer_than_the_clip_sees_its_border_frames_repeated(frames: int) -> None:
    """By hand: of one frame the sum over the kernel's time, of two each half of it, wherever its middle lies."""
    unit = net(time_kernel=7, time_padding="replicate").vgg.backbone.block1.conv1_1
    x = torch.randn(1, 3, frames, 6, 6, generator=torch.Generator().manual_seed(0))
    weight = unit.conv.weight
    found = unit(x)
    assert found.shape == (1, 16, frames, 6, 6)
    for place in range(frames):
        first = 7 if frames == 1 else 4 - place  # so many of the seven lie on the first frame or before it
        seen = [(x[:, :, 0], weight[:, :, :first].sum(2)), (x[:, :, -1], weight[:, :, first:].sum(2))]
        expected = sum(torch.nn.functional.conv2d(frame, part, padding=1) for frame, part in seen)
        torch.testing.assert_close(found[:, :, place], (expected + unit.conv.bias.view(-1, 1, 1)).relu())


def test_a_net_and_a_checkpoint_older_than_the_time_kernel_have_3(tmp_path: Path) -> None:
    modality = settings.usual(configs.load("modality/video"))
    modality.net, modality.data = replace(modality.net, plan="micro", head="pooled"), replace(modality.data, size=16)
    older, wider = modality.build(5).eval(), replace(modality, net=replace(modality.net, time_kernel=5))
    card = make_card(modality, older, list("abcde"))
    assert card["net"].pop("time_kernel") == 3
    save_net(tmp_path, older, card)
    loaded, read, _ = load_net(tmp_path)
    assert read.net == modality.net
    x = clip(16)
    assert torch.equal(loaded(x), older(x))

    def resume(now: Modality) -> None:
        made = make_card(now, now.build(5), list("abcde"))
        recipe = Recipe(optimizer="sgd", lr=0.1)
        begun = {"card": card, "recipe": asdict(recipe), "freeze": 0}
        TaskModule(now.build(5), Classify(ClassifyOptions(), ["a"] * 5), recipe, made).on_load_checkpoint(begun)

    resume(modality)
    with pytest.raises(ValueError, match=r"modality\.net\.time_kernel=5: the checkpoint's net has 3"):
        resume(wider)


def test_an_unknown_time_padding_is_refused() -> None:
    with pytest.raises(ValueError, match=r"padding must be one of .*mirror"):
        net(time_padding="mirror")


def test_every_weight_has_a_gradient() -> None:
    found = net(norm="batch").train()
    found(clip()).logsumexp(1).sum().backward()
    for name, parameter in found.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0 or name.endswith("conv.bias"), name


def test_statistics() -> None:
    found = net(normalize="imagenet")
    assert found.normalise.mean.tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert found.normalise.std.tolist() == pytest.approx([0.229, 0.224, 0.225])
    own = net(mean=[0.1, 0.2, 0.3], std=[1.0, 2.0, 3.0])
    x = clip()
    expected = (x / 255 - torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1, 1)) / torch.tensor([1.0, 2, 3]).view(3, 1, 1, 1)
    torch.testing.assert_close(own.normalise(x), expected)
    with pytest.raises(ValueError, match="need one value for each of 3 channels"):
        net(mean=[0.1], std=[1.0])
    with pytest.raises(ValueError, match="go together: only one is given"):
        net(mean=[0.1, 0.2, 0.3])
    with pytest.raises(
        ValueError, match=r"modality\.net\.normalize must be imagenet, dataset, mean or none, not 'imagnet'"
    ):
        net(normalize="imagnet")


def test_an_unset_size_is_named() -> None:
    with pytest.raises(ValueError, match="the option size is not set"):
        net(Data(frames=8, frame_stride=1))
