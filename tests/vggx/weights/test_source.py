"""vggx.weights.source: all that is known of a source, and what is left out of it and why."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from tests.vggx.weights.conftest import Narrow
from vggx import configs, settings
from vggx.net import VGG
from vggx.plans import get_plan
from vggx.surgery.transfer import load, transfer
from vggx.weights import store
from vggx.weights.files import sha256
from vggx.weights.source import Weights, of_state, read_weights

IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # https://docs.pytorch.org/vision/stable/models.html
NEAR = 1e-5


def saved(state: dict[str, torch.Tensor], folder: Path) -> Path:
    torch.save(state, folder / "net.pth")
    return folder / "net.pth"


# published state dicts


def net_of(weights: Weights) -> VGG:
    net = VGG((3, 224, 224), 10, plan=weights.plan, width=weights.width, norm=weights.norm)
    found = transfer(weights, net)
    assert not found.fresh()
    load(net, found, "glorot")
    return net.eval().requires_grad_(False)


def far(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("plan", ["A", "B", "D", "E"])
def test_a_file_of_torchvisions_gives_its_logits(plan: str, norm: str, narrow: Narrow, tmp_path: Path) -> None:
    theirs = narrow(plan, norm)
    path = saved(theirs.state_dict(), tmp_path)
    weights = read_weights(str(path))
    assert (weights.name, weights.sha256) == (str(path), sha256(path))
    assert (weights.layout, weights.plan, weights.width, weights.norm) == ("torchvision", plan, 0.125, norm)
    assert (weights.head, weights.grid, weights.dims, weights.in_channels) == ("fc", (7, 7), 2, 3)
    assert (weights.mean, weights.std) == IMAGENET
    assert weights.left == {}
    x = torch.randn(2, 3, 96, 160)
    wanted = theirs(x)
    assert wanted.std() > 0.1
    assert far(net_of(weights)(x), wanted) <= NEAR


def test_up_to_255_pixels_any_size_gives_torchvisions_logits(narrow: Narrow) -> None:
    theirs = narrow()
    ours = net_of(of_state(theirs.state_dict()))
    for size in ((32, 32), (100, 180), (224, 224), (255, 255), (64, 255)):
        x = torch.randn(1, 3, *size)
        assert far(ours(x), theirs(x)) <= NEAR, size


@pytest.mark.parametrize("size", [(256, 256), (96, 256)])
def test_from_256_pixels_on_the_classifier_is_scanned_instead(size: tuple[int, int], narrow: Narrow) -> None:
    """The documented difference: torchvision pools the map down to 7 x 7, the paper's classifier slides over it."""
    theirs = narrow()
    ours = net_of(of_state(theirs.state_dict()))
    x = torch.randn(1, 3, *size)
    maps = theirs.features(x)
    maps = F.adaptive_avg_pool2d(maps, tuple(max(7, side) for side in maps.shape[2:]))
    windows = maps.unfold(2, 7, 1).unfold(3, 7, 1)  # (1, C, rows, columns, 7, 7)
    every = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, 64 * 7 * 7)
    assert len(every) == (max(7, size[0] // 32) - 6) * (max(7, size[1] // 32) - 6) > 1
    assert far(ours(x), theirs.classifier(every).mean(0, keepdim=True)) <= NEAR
    assert far(ours(x), theirs(x)) > 1e-3


def test_weights_of_16_bits_become_floats_of_32(narrow: Narrow, tmp_path: Path) -> None:
    state = narrow().state_dict()
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        found = read_weights(str(saved({name: value.to(dtype) for name, value in state.items()}, tmp_path))).state
        assert {value.dtype for value in found.values()} == {torch.float32}
        kernel = state["features.3.weight"]
        assert torch.equal(found["conv2_1.weight"], kernel.to(dtype).float())


def test_a_thousand_classes_are_imagenets_and_others_are_unknown(narrow: Narrow) -> None:
    names = of_state(narrow(classes=1000).state_dict()).classes
    assert names is not None
    assert len(names) == 1000
    # https://gist.github.com/yrevar/942d3a0ac09ec9e5eb3a
    assert [names[0], names[1], names[207], names[999]] == ["tench", "goldfish", "golden retriever", "toilet tissue"]
    assert of_state(narrow(classes=10).state_dict()).classes is None


def test_layers_of_nan_are_left_out_and_said(narrow: Narrow) -> None:
    """As the classifier of torchvision's VGG16_Weights.IMAGENET1K_FEATURES is."""
    state = narrow("D").state_dict()
    state |= {name: value * float("nan") for name, value in state.items() if name.startswith("classifier")}
    weights = of_state(state)
    assert weights.plan == "D"
    assert (weights.head, weights.grid, weights.classes) == (None, None, None)
    assert not [name for name in weights.state if name.startswith("fc")]
    parts = [f"classifier.{index}.{part}" for index in (0, 3, 6) for part in ("weight", "bias")]
    assert weights.left == dict.fromkeys(parts, "holds NaN or infinity")


def test_one_infinity_takes_its_layer_with_it_and_no_other(narrow: Narrow) -> None:
    state = narrow("A", "batch").state_dict()
    state["features.4.bias"][3] = float("inf")
    weights = of_state(state)
    assert set(weights.left) == {f"features.{number}.{part}" for number in (4, 5) for part in ("weight", "bias")} | {
        f"features.5.{part}" for part in ("running_mean", "running_var", "num_batches_tracked")
    }
    assert not [name for name in weights.state if name.startswith("conv2_1")]
    assert "conv1_1.norm.running_var" in weights.state


def test_a_net_of_nan_alone_is_refused(narrow: Narrow, tmp_path: Path) -> None:
    path = saved({name: value * float("nan") for name, value in narrow().state_dict().items()}, tmp_path)
    with pytest.raises(ValueError, match=rf"^{path}: all of its convolutions hold NaN or infinity$"):
        read_weights(str(path))


def test_tensors_of_no_layer_are_left_out_and_said(narrow: Narrow) -> None:
    weights = of_state(narrow().state_dict() | {"optimizer.step": torch.zeros(1)})
    assert weights.left == {"optimizer.step": "not a VGG's layer"}


def test_a_plan_can_be_said_and_errors_name_the_file(narrow: Narrow, tmp_path: Path) -> None:
    state = narrow("B").state_dict()
    path = saved(
        {name: value for name, value in state.items() if name.startswith(("features.0.", "features.2."))}, tmp_path
    )
    with pytest.raises(
        ValueError, match=rf"^{path}: the layers that are there are alike in the plans B \(vgg13\) or C"
    ):
        read_weights(str(path))
    assert read_weights(str(path), plan="vgg19").plan == "E"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.pth does not exist"):
        read_weights(str(tmp_path / "none.pth"))
    with pytest.raises(FileNotFoundError, match=r"net\.safetensors does not exist"):
        read_weights(str(tmp_path))


# our own

OPTIONS: dict[str, dict[str, Any]] = {
    "image": {
        "net": {"plan": "mini", "width": 0.25, "norm": "batch", "activation": "leaky_relu"},
        "data": {"size": 32, "channels": 1},
    },
    "video": {"net": {"plan": "micro", "width": 0.5, "head": "pooled"}, "data": {"frames": 4, "size": 32}},
    "audio": {"net": {"plan": "micro", "width": 0.5, "head": "fc", "bands": 4, "frequency": "pooled"}, "data": {}},
}
STATISTICS = {"image": ([0.25], [0.5]), "video": ([0.5, 0.25, 0.125], [0.5, 0.25, 0.75]), "audio": ([-3.0], [2.0])}


def save_ours(folder: Path, modality: str) -> None:
    config = configs.load(f"modality/{modality}")
    for section, values in OPTIONS[modality].items():
        for key, value in values.items():
            config[section][key] = value
    config.net.mean, config.net.std = STATISTICS[modality]
    made = settings.usual(config)
    net = made.build(3)
    store.save_net(folder, net, store.make_card(made, net, ["cat", "dog", "eel"]))


@pytest.mark.parametrize("modality", OPTIONS)
def test_a_run_folder_and_its_file_say_all_of_their_net(modality: str, tmp_path: Path) -> None:
    save_ours(tmp_path, modality)
    weights = read_weights(str(tmp_path))
    alone = read_weights(str(tmp_path / "net.safetensors"))
    assert alone.name == str(tmp_path / "net.safetensors")
    assert alone.sha256 == weights.sha256 == sha256(tmp_path / "net.safetensors")
    assert (weights.layout, weights.classes, weights.left) == ("vggx", ["cat", "dog", "eel"], {})
    net, made, card = store.load_net(tmp_path)
    plan = get_plan(weights.plan, weights.width)
    assert [block.width for block in plan.blocks] == [block.width for block in net.vgg.spec.blocks]
    assert (plan.name, plan.hidden) == (net.vgg.spec.plan, net.vgg.spec.head.widths[0])
    assert (weights.norm, weights.activation, weights.head) == (made.net.norm, made.net.activation, made.net.head)
    assert (weights.dims, weights.in_channels) == (net.vgg.dims, net.vgg.in_channels)
    assert weights.grid == (net.vgg.grid if made.net.head == "fc" else None)
    assert (weights.mean, weights.std) == (STATISTICS[modality] if modality != "audio" else (None, None))
    assert weights.card == card
    assert {**weights.preprocessing(), "mean": None, "std": None} == {
        **made.data.preprocessing(), "mean": None, "std": None
    }  # fmt: skip
    ours = net.vgg.state_dict()
    assert len(weights.state) == len(ours)
    for name, key in weights.keys.items():
        assert torch.equal(weights.state[name], ours[key.removeprefix("vgg.")])


def test_the_same_net_without_its_card_is_recognised(tmp_path: Path) -> None:
    save_ours(tmp_path, "image")
    known = read_weights(str(tmp_path))
    bare = saved(store.load_net(tmp_path)[0].state_dict(), tmp_path)
    weights = read_weights(str(bare))
    for name in ("layout", "plan", "width", "norm", "head", "grid", "keys", "mean", "std"):
        assert getattr(weights, name) == getattr(known, name), name
    assert weights.left == {"normalise.mean": "not a VGG's layer", "normalise.std": "not a VGG's layer"}
    assert all(torch.equal(value, known.state[name]) for name, value in weights.state.items())


def test_our_own_net_knows_its_input(tmp_path: Path) -> None:
    save_ours(tmp_path, "image")
    with pytest.raises(
        ValueError, match=r"^convention=caffe: .*net\.safetensors is a net of vggx, which knows its own"
    ):
        read_weights(str(tmp_path), convention="caffe")


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    for card, message in {"{": "is not JSON", "[]": "is not a net's card of format 1"}.items():
        save_file({"x": torch.zeros(1)}, tmp_path / "net.safetensors", metadata={"card": card})
        with pytest.raises(ValueError, match=rf"net\.safetensors {message}"):
            read_weights(str(tmp_path / "net.safetensors"))
