"""vggx.surgery.proof: errors that are there are seen, and those that are not are not."""

import pytest
import torch
from torch import Tensor

from vggx.net import VGG
from vggx.surgery.proof import along, prove, relative, whole_blocks
from vggx.surgery.transfer import load, transfer
from vggx.weights.source import Weights, of_state

FRAMES = 5


@pytest.fixture
def image() -> VGG:
    torch.manual_seed(0)
    return VGG((3, 32, 32), 6, plan="mini", width=0.25, norm="batch", grid=(4, 4)).eval()


def clip_net(padding: str = "zeros") -> VGG:
    return VGG(
        (3, FRAMES, 32, 32), 6, plan="mini", width=0.25, norm="batch", grid=(1, 4, 4), pools=[(1, 2, 2)] * 3,
        padding=(padding, "zeros", "zeros"),
    ).eval()  # fmt: skip


def made(weights: Weights, net: VGG, rule: str = "center") -> VGG:
    load(net, transfer(weights, net, rule=rule), "glorot")
    return net


def x() -> Tensor:
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def test_relative_by_hand() -> None:
    assert relative(torch.tensor([1.0, 5.0]), torch.tensor([2.0, -4.0])) == pytest.approx(9 / 4)
    assert relative(torch.zeros(3), torch.zeros(3)) == 0
    assert relative(torch.ones(3), torch.zeros(3)) == float("inf")


def test_the_error_is_taken_at_every_place_of_the_axis_that_one_lacks() -> None:
    narrow = torch.tensor([2.0, 4.0]).view(1, 1, 2)
    wide = torch.stack([narrow, narrow + 1, narrow * 2], 2)
    assert along(wide, narrow, 1) == [0, 0.25, 1]
    assert along(narrow, wide, -1) == pytest.approx([0, 0.2, 0.5])
    assert along(narrow + 2, narrow, 0) == [0.5]


@pytest.mark.parametrize(("rule", "padding"), [("center", "zeros"), ("mean", "replicate")])
def test_what_is_exact_is_proved_on_every_block_and_on_the_logits(image: VGG, rule: str, padding: str) -> None:
    weights = of_state(image.state_dict(), plan="mini")
    proof = prove(weights, made(weights, clip_net(padding), rule), [], x(), FRAMES)
    errors = proof["max_relative_error"]
    assert list(errors) == ["block1", "block2", "block3"]
    assert all(list(places) == ["first", "middle", "last"] for places in errors.values())
    assert max(each for places in errors.values() for each in places.values()) < 1e-5
    assert proof["logits"] < 1e-5
    assert proof["top1_agreement"] == 1
    assert "zero_padded" not in proof


def test_the_drift_of_mean_with_zeros_is_measured(image: VGG) -> None:
    weights = of_state(image.state_dict(), plan="mini")
    errors = prove(weights, made(weights, clip_net(), "mean"), [], x(), FRAMES)["max_relative_error"]
    assert errors["block1"]["middle"] < 1e-5  # two layers reach two frames from the ends
    assert errors["block1"]["first"] > 0.1
    assert errors["block3"]["middle"] > 0.1


@pytest.mark.parametrize("place", ["backbone.block2.conv2_2.conv.weight", "backbone.block3.conv3_1.norm.running_var"])
def test_one_wrong_layer_is_seen_from_its_block_on(image: VGG, place: str) -> None:
    weights = of_state(image.state_dict(), plan="mini")
    net = made(weights, clip_net())
    with torch.no_grad():
        net.state_dict()[place][0] *= 1.5
    proof = prove(weights, net, [], x(), FRAMES)
    number = int(place.partition("block")[2][0])
    for block in (1, 2, 3):
        assert (max(proof["max_relative_error"][f"block{block}"].values()) > 1e-3) == (block >= number)
    assert proof["logits"] > 1e-4


def test_a_wrong_head_is_seen_on_the_logits(image: VGG) -> None:
    weights = of_state(image.state_dict(), plan="mini")
    net = made(weights, clip_net())
    with torch.no_grad():
        net.head.fc7.weight *= -1
    proof = prove(weights, net, [], x(), FRAMES)
    assert max(proof["max_relative_error"]["block3"].values()) < 1e-5
    assert proof["logits"] > 0.1


def test_the_agreement_is_the_share_of_inputs_with_the_same_class(image: VGG) -> None:
    """A bias for class 5 that wins over half of eight inputs."""
    weights = of_state(image.state_dict(), plan="mini")
    net = made(weights, clip_net())
    eight = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits = image(eight)
        lead = logits.amax(1) - logits[:, 5]
        net.head.fc8.bias[5] += lead.sort().values[3:5].mean()
    won = (lead < lead.sort().values[4]) & (logits.argmax(1) != 5)
    assert 0 < won.sum() <= 4
    assert prove(weights, net, [], eight, FRAMES)["top1_agreement"] == 1 - won.float().mean().item()


def test_only_blocks_before_the_first_fresh_layer_are_compared(image: VGG) -> None:
    weights = of_state(image.state_dict(), plan="mini")
    net = clip_net()
    lacking: list[list[str]] = [[], ["fc8"], ["conv2_2", "conv3_1"], ["conv1_1.norm"]]
    assert [whole_blocks(net, fresh) for fresh in lacking] == [3, 3, 1, 0]
    proof = prove(weights, made(weights, net), ["conv3_1", "fc8"], x(), FRAMES)
    assert list(proof["max_relative_error"]) == ["block1", "block2"]
    assert proof["logits"] is None
    assert prove(weights, net, ["conv1_1"], x(), FRAMES)["max_relative_error"] == {}


def test_a_source_with_another_time_kernel_is_compared_as_it_is(image: VGG) -> None:
    torch.manual_seed(0)
    clip = VGG((3, 16, 32, 32), 6, plan="mini", width=0.25, norm="batch", grid=(1, 4, 4), kernel=(5, 3, 3)).eval()
    weights = of_state(clip.state_dict(), plan="mini")
    assert weights.kernel == (5, 3, 3)
    proof = prove(weights, made(weights, image), [], x(), 16)
    assert max(each for places in proof["max_relative_error"].values() for each in places.values()) < 1e-5


@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_a_net_of_sound_against_the_image_net_as_it_was_trained_too(head: str) -> None:
    torch.manual_seed(0)
    image = VGG((3, 32, 32), 6, plan="mini", width=0.25, head=head, grid=(4, 4)).eval()
    weights = of_state(image.state_dict(), plan="mini")
    net = made(weights, VGG((1, 40), 6, plan="mini", width=0.25, head=head, grid=(1,)).eval())
    line = torch.randn(2, 1, 40, generator=torch.Generator().manual_seed(1))
    proof = prove(weights, net, [], line, 64)
    assert max(each for places in proof["max_relative_error"].values() for each in places.values()) < 1e-5
    assert proof["logits"] < 1e-5
    trained = proof["zero_padded"]
    assert trained["block1"]["middle"] < 1e-5
    assert min(trained["block1"]["first"], trained["block1"]["last"]) > 0.1


def test_a_net_of_clips_back_to_images_agrees_where_time_repeats_its_ends(image: VGG) -> None:
    torch.manual_seed(0)
    clip = VGG((3, 16, 32, 32), 6, plan="mini", width=0.25, norm="batch", grid=(1, 4, 4)).eval()  # any weights
    weights = of_state(clip.state_dict(), plan="mini")
    proof = prove(weights, made(weights, image), [], x(), 16)
    assert max(each for places in proof["max_relative_error"].values() for each in places.values()) < 1e-5
    assert proof["zero_padded"]["block1"]["first"] > 1e-2
