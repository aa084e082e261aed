"""The Oxford group's own ImageNet weights of VGG-19's first three blocks, in both conventions, on a photograph."""

import math
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from vggx.geometry import trace
from vggx.net import VGG, Normalise
from vggx.planned import plan_spec
from vggx.surgery.transfer import load, transfer
from vggx.weights.source import Weights, read_weights

FILES = {"caffe": "vgg19_caffe_bgr_block1-3.pt", "imagenet": "vgg19_torchvision_input_block1-3.pt"}
SIDE = 128


@pytest.fixture(scope="module")
def sources(shared_data: Path) -> dict[str, Weights]:
    folder = shared_data / "vgg19_imagenet_blocks1-3"
    return {name: read_weights(str(folder / file), convention=name) for name, file in FILES.items()}


@pytest.fixture(scope="module")
def photograph() -> Tensor:
    image = torch.tensor(load_sample_images().images[0]).permute(2, 0, 1)
    return F.center_crop(F.resize(image, [SIDE], antialias=True), [SIDE, SIDE])[None]


def maps_of(weights: Weights, image: Tensor) -> list[Tensor]:
    net = VGG((3, SIDE, SIDE), 2, plan="E:3", head="pooled").eval().requires_grad_(False)
    found = transfer(weights, net)
    assert found.fresh() == ["fc"]
    load(net, found, "glorot")
    return net.backbone(Normalise(weights.mean, weights.std)(image))


def test_both_are_recognised_as_the_first_blocks_of_vgg19(sources: dict[str, Weights]) -> None:
    for weights in sources.values():
        assert (weights.layout, weights.plan, weights.norm) == ("torchvision", "E", "none")
        assert (weights.head, weights.grid, weights.classes) == (None, None, None)
        layers = [f"conv{block}_{i}" for block, count in ((1, 2), (2, 2), (3, 4)) for i in range(1, count + 1)]
        assert list(weights.state) == [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]


def test_both_give_the_same_maps_inside_the_border(sources: dict[str, Weights], photograph: Tensor) -> None:
    """Beyond the border one sees the colour that Caffe takes for the mean, the other torchvision's."""
    maps = {name: maps_of(weights, photograph) for name, weights in sources.items()}
    layers = plan_spec((3, SIDE, SIDE), 1, plan="E").backbone
    reaches = {reach.name: reach for reach in trace(layers, (SIDE, SIDE))}
    for number, (caffe, imagenet) in enumerate(zip(maps["caffe"], maps["imagenet"], strict=True), 1):
        reach = reaches[f"pool{number}"]
        stride = reach.stride[0]
        # half of what a map's point sees beside its own patch, in points
        border = math.ceil((reach.receptive_field[0] - stride) / 2 / stride)
        apart = (caffe - imagenet).abs() / caffe.abs().max()
        inside = apart[..., border:-border, border:-border]
        assert inside.shape[-1] == SIDE // stride - 2 * border > 8
        assert caffe.abs().max() > 1
        assert inside.max() <= 1e-5
        assert apart.max() > 1e-4


def test_in_the_wrong_convention_the_maps_are_others(
    sources: dict[str, Weights], photograph: Tensor, shared_data: Path
) -> None:
    wrong = read_weights(str(shared_data / "vgg19_imagenet_blocks1-3" / FILES["caffe"]))
    right = maps_of(sources["caffe"], photograph)[2]
    assert (maps_of(wrong, photograph)[2] - right).abs().max() > 0.3 * right.abs().max()


def test_of_biases_alone_no_plan_is_known(shared_data: Path) -> None:
    with pytest.raises(ValueError, match=r"block4-5_biases_only\.pt: the weights are of no plan that is known"):
        read_weights(str(shared_data / "vgg19_imagenet_blocks1-3" / "vgg19_block4-5_biases_only.pt"))
