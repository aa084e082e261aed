"""vggx.cost.peers: what torch counts of other libraries' nets, against what those publish."""

import sys
from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models import video

from vggx.cost import peers
from vggx.cost.peers.of_pytorchvideo import ZOO
from vggx.cost.peers.peer import on_meta

IMAGES, CLIPS = models.list_models(module=models), models.list_models(module=video)
SAMPLE = [
    "alexnet", "googlenet", "resnet50", "resnext50_32x4d", "mobilenet_v3_small", "regnet_y_400mf", "vgg16",
    "vgg19_bn", "vit_b_16", "r3d_18", "s3d", "swin3d_t", "mvit_v2_s",
]  # fmt: skip
# a smaller net of the same family stands for these
LARGE = ("slowfast_r101", "slowfast_16x8_r101_50_50", "x3d_m", "x3d_l", "mvit_base_32x3")


def check_torchvision(name: str) -> None:
    peer, meta = peers.find(f"torchvision:{name}"), models.get_model_weights(name).DEFAULT.meta
    assert bool(peer.note) == (name in CLIPS and peer.input_shape[1] != 16)
    if peer.note:
        peer = replace(peer, input_shape=(3, 16, *peer.input_shape[2:]))
    found = peers.counted(peer)
    assert peer.published_gmacs == meta["_ops"]
    assert found.flops / 2e9 == pytest.approx(meta["_ops"], abs=0.0006)
    assert found.params == meta["num_params"]


@pytest.mark.parametrize("name", SAMPLE)
def test_torchvision_publishes_what_is_counted(name: str) -> None:
    check_torchvision(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*IMAGES, *CLIPS} - set(SAMPLE)))
def test_all_of_torchvision(name: str) -> None:
    check_torchvision(name)


@pytest.mark.parametrize(("name", "gmacs"), {"mc3_18": 43.343, "r2plus1d_18": 40.519}.items())
def test_published_figures_at_sixteen_frames(name: str, gmacs: float) -> None:
    peer = peers.find(f"torchvision:{name}")
    assert peer.input_shape == (3, 16, 112, 112)
    assert round(peers.counted(peer).flops / 2e9, 3) == gmacs
    assert (peer.modality, peer.views, peer.fps) == ("video", 5, 15)


@pytest.mark.parametrize("name", CLIPS)
def test_clips_are_those_of_which_torchvision_publishes_the_accuracy(name: str) -> None:
    peer, said = peers.find(f"torchvision:{name}"), models.get_model_weights(name).DEFAULT.meta["_docs"]
    assert f"`frame_rate={peer.fps:g}`, `clips_per_video={peer.views}`, and `clip_len={peer.input_shape[1]}`" in said


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in ZOO]
)
def test_pytorchvideo_publishes_what_is_counted_and_five_a_norm(name: str) -> None:
    peer = peers.find(f"pytorchvideo:{name}")
    found = peers.counted(peer).flops / 2e9
    assert bool(peer.note) == (abs(found - peer.published_gmacs) > 0.006)
    norms = normed(peer) / 1e9 if peer.note else 0
    assert found + 5 * norms == pytest.approx(peer.published_gmacs, abs=0.006)


def normed(peer: peers.Peer) -> int:
    """Values that the norms of a net give."""
    net, given = on_meta(peer.build).eval(), []
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm | nn.LayerNorm):
            module.register_forward_hook(lambda _module, _inputs, out: given.append(out.numel()))
    with torch.no_grad():
        net(peer.pathways(torch.empty(1, *peer.input_shape, device="meta")))
    return sum(given)


def test_what_the_zoo_says_of_a_clip() -> None:
    peer = peers.find("pytorchvideo:slowfast_r50")
    slow, fast = peer.pathways(torch.arange(32).view(1, 1, 32, 1, 1))
    assert fast.flatten().tolist() == list(range(32))
    assert slow.flatten().tolist() == list(range(0, 32, 4))
    assert peer.meaning(25) == "32 frames x 2 / 25 fps = 2.56 s, 256 x 256 pixels"
    assert peers.find("torchvision:r3d_18").meaning(25) == "16 frames x 1 / 15 fps = 1.067 s, 112 x 112 pixels"
    assert peers.find("torchvision:vgg16").meaning(25) == "224 x 224 pixels"
    assert (peer.duration(25), peer.views) == (2.56, 30)
    assert peers.find("torchvision:vgg16").duration(25) == 0.04


def test_timm_s_vgg16_is_torchvision_s() -> None:
    ours, theirs = (peers.counted(peers.find(f"{library}:vgg16")) for library in ("timm", "torchvision"))
    assert replace(ours, moved=0) == replace(theirs, moved=0)
    # timm's classifier is a convolution, too, on a map that torchvision pools once more
    assert theirs.moved - ours.moved == 2 * 512 * 7 * 7
    assert (ours.flops, ours.flops_train, ours.params) == (30_940_528_640, 92_648_177_664, 138_357_544)
    assert peers.find("timm:vgg16.tv_in1k").input_shape == (3, 224, 224)
    assert peers.find("timm:efficientnet_b3").input_shape[1] > 224


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("r3d_18", "a peer is written library:net, such as torchvision:r3d_18, not 'r3d_18'"),
        ("tv:r3d_18", "libraries: torchvision, pytorchvideo, timm"),
        ("torchvision:r3d_19", "torchvision has no classifier 'r3d_19' among its 89 nets; did you mean r3d_18"),
        ("torchvision:fasterrcnn_resnet50_fpn", "torchvision has no classifier 'fasterrcnn_resnet50_fpn'"),
        ("torchvision:", "torchvision has no classifier ''"),
        ("pytorchvideo:x3d", "did you mean x3d_s"),
        ("timm:vgg16.tv", "timm has no classifier 'vgg16.tv' .*; did you mean vgg16.tv_in1k"),
        ("timm:vgg61", "timm has no classifier 'vgg61'"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        peers.find(name)


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModuleNotFoundError, match=r"timm:vgg16: timm is not installed \(pip install timm\)"):
        peers.find("timm:vgg16")


def test_a_module_that_an_installed_library_lacks_is_no_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(_net: str) -> peers.Peer:
        raise ModuleNotFoundError("No module named 'iopath'", name="iopath")

    monkeypatch.setitem(peers.LIBRARIES, "pytorchvideo", lacking)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'iopath'$"):
        peers.find("pytorchvideo:x3d_s")


def test_a_net_that_looks_into_tensors_is_built_without_memory_too() -> None:
    made = []

    def build() -> nn.Module:
        (widths,) = (torch.arange(1, 3) * 4).tolist()[1:]
        net = nn.Sequential(nn.Linear(2, widths), nn.BatchNorm1d(widths))
        made.append(net[0].weight.device.type)
        return net

    net = on_meta(build)
    assert made == ["meta"]
    assert {tensor.device.type for tensor in (*net.parameters(), *net.buffers())} == {"meta"}


@pytest.mark.parametrize("name", ["cait_xxs24_224", "pit_ti_224"])
def test_nets_that_give_parameters_to_modules_are_counted(name: str) -> None:
    found = peers.counted(peers.find(f"timm:{name}"))
    assert 2.9 * found.flops < found.flops_train < 3 * found.flops
