"""Weights of Caffe's and Keras's nets: the logits of pixels as those frameworks compute them, from the same numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vggx.net import VGG, Normalise
from vggx.surgery.transfer import load, transfer
from vggx.weights.source import Weights, of_state, read_weights

Arrays = dict[str, np.ndarray]
COUNTS, WIDTHS = (1, 1, 2, 2, 2), (8, 16, 32, 64, 64)  # plan A, an eighth as wide
HIDDEN, CLASSES, SIDE = 512, 10, 64  # pixels, of which the pools leave 2 x 2
BGR = torch.tensor([103.939, 116.779, 123.68])
NEAR = 1e-5


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """Kernels (height, width, in, out) and matrices (in, out), as Keras and conversions of Caffe's files have them."""
    draw = np.random.default_rng(0)
    found: Arrays = {}

    def layer(name: str, *shape: int, scale: float = 1.0) -> None:
        deviation = scale * (2 / np.prod(shape[:-1])) ** 0.5
        found[f"{name}_W"] = draw.normal(0, deviation, shape).astype(np.float32)
        found[f"{name}_b"] = draw.normal(0, 0.1, shape[-1]).astype(np.float32)

    before = 3
    for block, (count, width) in enumerate(zip(COUNTS, WIDTHS, strict=True), 1):
        for index in range(1, count + 1):
            layer(f"conv{block}_{index}", 3, 3, before, width, scale=1 / 64 if before == 3 else 1.0)
            before = width
    layer("fc6", 2 * 2 * before, HIDDEN)
    layer("fc7", HIDDEN, HIDDEN)
    layer("fc8", HIDDEN, CLASSES)
    return found


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    """(2, 3, H, W), RGB bytes."""
    return torch.randint(0, 256, (2, 3, SIDE, SIDE), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def by_hand(arrays: Arrays, pixels: Tensor, order: str = "HWC") -> Tensor:
    x = pixels.flip(1).float() - BGR.view(3, 1, 1)
    for block, count in enumerate(COUNTS, 1):
        for index in range(1, count + 1):
            kernel = torch.tensor(arrays[f"conv{block}_{index}_W"].transpose(3, 2, 0, 1))
            x = F.relu(F.conv2d(x, kernel, torch.tensor(arrays[f"conv{block}_{index}_b"]), padding=1))
        x = F.max_pool2d(x, 2)
    x = x.permute(0, 2, 3, 1).flatten(1)
    for name in ("fc6", "fc7", "fc8"):
        x = x @ torch.tensor(arrays[f"{name}_W"]) + torch.tensor(arrays[f"{name}_b"])
        x = x if name == "fc8" else F.relu(x)
    return x


def save_npz(arrays: Arrays, folder: Path) -> Path:
    np.savez(folder / "net.npz", **arrays)
    return folder / "net.npz"


def save_keras(arrays: Arrays, folder: Path) -> Path:
    h5py: Any = pytest.importorskip("h5py")
    dense = {"fc6": "fc1", "fc7": "fc2", "fc8": "predictions"}
    with h5py.File(folder / "net.h5", "w") as file:
        for key, value in arrays.items():
            name, _, part = key.rpartition("_")
            layer = dense.get(name, f"block{name[4:5]}_conv{name[-1]}")
            file[f"{layer}/{layer}/{'kernel' if part == 'W' else 'bias'}:0"] = value
    return folder / "net.h5"


def save_torch(arrays: Arrays, folder: Path) -> Path:
    """Caffe's names with torch's layout, as its own .caffemodel has it: fc6 reads C, H, W."""
    state = {}
    for key, value in arrays.items():
        name, _, part = key.rpartition("_")
        tensor = torch.tensor(value)
        if tensor.ndim == 4:
            tensor = tensor.permute(3, 2, 0, 1)
        elif name == "fc6" and part == "W":
            tensor = torch.cat([tensor[channel :: WIDTHS[-1]] for channel in range(WIDTHS[-1])]).T
        elif tensor.ndim == 2:
            tensor = tensor.T
        state[f"{name}.{'weight' if part == 'W' else 'bias'}"] = tensor.contiguous()
    torch.save(state, folder / "net.pth")
    return folder / "net.pth"


def net_of(weights: Weights) -> nn.Module:
    """Bytes -> logits."""
    assert weights.mean is not None
    assert weights.std is not None
    net = VGG((3, SIDE, SIDE), CLASSES, plan=weights.plan, width=weights.width, grid=weights.grid).eval()
    found = transfer(weights, net)
    assert not found.fresh()
    load(net, found, "glorot")
    return nn.Sequential(Normalise(weights.mean, weights.std), net).requires_grad_(False)


@pytest.mark.parametrize("save", [save_npz, save_keras, save_torch])
def test_pixels_give_the_logits_of_the_original(
    save: Callable[[Arrays, Path], Path], arrays: Arrays, pixels: Tensor, tmp_path: Path
) -> None:
    weights = read_weights(str(save(arrays, tmp_path)))
    assert (weights.layout, weights.plan, weights.width, weights.norm) == ("caffe", "A", 0.125, "none")
    assert (weights.head, weights.grid) == ("fc", (2, 2))
    wanted = by_hand(arrays, pixels)
    assert wanted.abs().max() > 0.1
    logits = net_of(weights)(pixels)
    assert ((logits - wanted).abs().max() / wanted.abs().max()).item() <= NEAR
    assert ((logits - by_hand(arrays, pixels.flip(1))).abs().max() / wanted.abs().max()).item() > 0.01


def test_every_map_is_the_originals_at_the_border_too(arrays: Arrays, pixels: Tensor, tmp_path: Path) -> None:
    """Beyond the border both nets see zeros, which are the mean's colour in both."""
    net = net_of(read_weights(str(save_npz(arrays, tmp_path))))
    ours = net[1].backbone.block1.conv1_1(net[0](pixels))
    x = pixels.flip(1).float() - BGR.view(3, 1, 1)
    kernel = torch.tensor(arrays["conv1_1_W"].transpose(3, 2, 0, 1))
    theirs = F.relu(F.conv2d(x, kernel, torch.tensor(arrays["conv1_1_b"]), padding=1))
    torch.testing.assert_close(ours, theirs, atol=NEAR * theirs.max().item(), rtol=0)
    border = torch.ones(SIDE, SIDE, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    torch.testing.assert_close(ours[..., border], theirs[..., border], atol=NEAR * theirs.max().item(), rtol=0)


def test_the_convention_can_be_said(arrays: Arrays, tmp_path: Path) -> None:
    path = str(save_torch(arrays, tmp_path))
    plain = read_weights(path, convention="imagenet")
    assert (plain.mean, plain.std) == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    assert torch.equal(plain.state["conv1_1.weight"], torch.tensor(arrays["conv1_1_W"].transpose(3, 2, 0, 1)))
    caffe = read_weights(path)
    assert caffe.mean == pytest.approx([123.68 / 255, 116.779 / 255, 103.939 / 255])
    with pytest.raises(ValueError, match="convention must be one of imagenet, caffe, not 'bgr'"):
        read_weights(path, convention="bgr")


def test_kernels_of_three_channels_each_way_are_not_taken_for_keras(tmp_path: Path) -> None:
    """A first layer that gives three maps of RGB is (3, 3, 3, 3) in either order; the others tell which it is."""
    draw, widths = torch.Generator().manual_seed(0), (3, 3, 6, 12, 24, 24)
    state: dict[str, Tensor] = {}
    for block, count in enumerate(COUNTS, 1):
        before, width = widths[block - 1], widths[block]
        for index in range(1, count + 1):
            state[f"conv{block}_{index}.weight"] = torch.randn(width, before, 3, 3, generator=draw)
            state[f"conv{block}_{index}.bias"] = torch.randn(width, generator=draw)
            before = width
    weights = of_state(state, convention="imagenet")
    assert (weights.layout, weights.plan) == ("caffe", "A")
    assert weights.state.keys() == state.keys()
    assert all(torch.equal(weights.state[name], value) for name, value in state.items())


def test_a_matrix_that_reads_no_square_map_is_refused(arrays: Arrays) -> None:
    state = {name: torch.tensor(value) for name, value in arrays.items()}
    state["fc6_W"] = torch.zeros(3 * 2 * WIDTHS[-1], HIDDEN)
    with pytest.raises(ValueError, match="fc6_W reads 384 values, which is no square map of 64 channels"):
        of_state(state)


def test_a_grey_first_layer_is_no_bgr(arrays: Arrays) -> None:
    state = {name: torch.tensor(value) for name, value in arrays.items()}
    state["conv1_1_W"] = state["conv1_1_W"].sum(2, keepdim=True)
    with pytest.raises(
        ValueError, match="its first layer reads 1 channels, which are no BGR: give convention=imagenet"
    ):
        of_state(state)
    grey = of_state(state, convention="imagenet")
    assert (grey.in_channels, grey.mean, grey.std) == (1, None, None)
