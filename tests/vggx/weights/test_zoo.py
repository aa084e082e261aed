"""vggx.weights.zoo: files as the libraries cache them, here narrow nets under their names; nothing is downloaded."""

import sys
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file

from tests.vggx.weights.conftest import Narrow
from vggx.weights.files import sha256
from vggx.weights.source import read_weights

IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's folder of downloaded files; a download ends as it does without a network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)

    def no_network(url: str, *_: object, **__: object) -> None:
        raise URLError(f"no way to {url}")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    return tmp_path / "hub" / "checkpoints"


# the names of the files: https://docs.pytorch.org/vision/stable/models/vgg.html


@pytest.mark.parametrize(
    ("name", "file", "plan", "norm"),
    [
        ("VGG11_Weights.IMAGENET1K_V1", "vgg11-8a719046.pth", "A", "none"),
        ("VGG16_BN_Weights.IMAGENET1K_V1", "vgg16_bn-6c64b313.pth", "D", "batch"),
        ("VGG16_BN_Weights.DEFAULT", "vgg16_bn-6c64b313.pth", "D", "batch"),
        ("vgg19", "vgg19-dcbb9e9d.pth", "E", "none"),
    ],
)
def test_a_cached_file_of_torchvisions_is_found(
    name: str, file: str, plan: str, norm: str, narrow: Narrow, hub: Path
) -> None:
    state = narrow(plan, norm).state_dict()
    torch.save(state, hub / file, _use_new_zipfile_serialization=False)  # as those files are
    weights = read_weights(f"torchvision:{name}")
    assert (weights.name, weights.sha256) == (f"torchvision:{name}", sha256(hub / file))
    assert (weights.layout, weights.plan, weights.norm) == ("torchvision", plan, norm)
    assert (weights.mean, weights.std) == IMAGENET
    assert torch.equal(weights.state["conv1_1.weight"], state["features.0.weight"])


def test_the_weights_whose_classifier_is_nan(narrow: Narrow, hub: Path) -> None:
    """Caffe's net fed with RGB: mean and standard deviation as its transforms say, not ImageNet's."""
    state = narrow("D").state_dict()
    state |= {name: value * float("nan") for name, value in state.items() if name.startswith("classifier")}
    torch.save(state, hub / "vgg16_features-amdegroot-88682ab5.pth")
    weights = read_weights("torchvision:VGG16_Weights.IMAGENET1K_FEATURES")
    assert (weights.plan, weights.head) == ("D", None)
    assert set(weights.left.values()) == {"holds NaN or infinity"}
    assert len(weights.left) == 6
    assert weights.mean == pytest.approx([0.48235, 0.45882, 0.40784])
    assert weights.std == pytest.approx([1 / 255] * 3)


def test_without_a_file_and_a_network_the_error_says_what_to_do(hub: Path) -> None:
    message = (
        r"^source=torchvision:vgg11 could not be downloaded \(.*no way to https://download\.pytorch\.org/models/"
        r"vgg11-8a719046\.pth.*\): without a network, give the file itself, fetched elsewhere$"
    )
    with pytest.raises(ValueError, match=message):
        read_weights("torchvision:vgg11")


def test_a_download_that_is_not_what_was_published_is_refused(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(url: str, path: str, hash_prefix: str) -> None:
        assert (url.rpartition("/")[2], hash_prefix) == ("vgg11-8a719046.pth", "8a719046")
        raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "00")')  # torch's own words

    monkeypatch.setattr(torch.hub, "download_url_to_file", damaged)
    with pytest.raises(ValueError, match=r"torchvision:vgg11 could not be downloaded \(invalid hash value"):
        read_weights("torchvision:vgg11")


@pytest.mark.parametrize("name", ["vgg17", "VGG16_Weights.NONE", "VGG17_Weights.IMAGENET1K_V1", ""])
def test_an_unknown_name_of_torchvisions_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=rf"^torchvision has no weights '{name}'; they are called like VGG16_BN_Weights"
    ):
        read_weights(f"torchvision:{name}")


# timm


def test_a_file_of_timms_is_found(narrow: Narrow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timm, hub = pytest.importorskip("timm"), pytest.importorskip("huggingface_hub")
    with torch.device("meta"):
        keys = list(timm.create_model("vgg11_bn").state_dict())
    state = dict(zip(keys, narrow("A", "batch").state_dict().values(), strict=True))  # in the same order
    for name, side in {"pre_logits.fc1.weight": 7, "pre_logits.fc2.weight": 1}.items():
        state[name] = state[name].unflatten(1, (-1, side, side))
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "model.safetensors")
    asked = []

    def download(*place: str) -> str:
        asked.append(place)
        return str(tmp_path / "model.safetensors")

    monkeypatch.setattr(hub, "hf_hub_download", download)
    weights = read_weights("timm:vgg11_bn.tv_in1k")
    assert asked == [("timm/vgg11_bn.tv_in1k", "model.safetensors")]
    assert (weights.layout, weights.plan, weights.norm, weights.grid) == ("timm", "A", "batch", (7, 7))
    assert (weights.mean, weights.std) == IMAGENET
    assert torch.equal(weights.state["fc6.weight"], state["pre_logits.fc1.weight"])
    assert weights.left == {}


def test_timms_file_that_cannot_be_had_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("timm")
    hub, errors = pytest.importorskip("huggingface_hub"), pytest.importorskip("huggingface_hub.errors")

    def no_network(*_: str) -> str:
        raise errors.LocalEntryNotFoundError("An error happened while trying to locate the file on the Hub.\nMore.")

    monkeypatch.setattr(hub, "hf_hub_download", no_network)
    message = (
        r"^source=timm:vgg16 could not be downloaded \(An error happened .* on the Hub\.\): without a network, give"
    )
    with pytest.raises(ValueError, match=message):
        read_weights("timm:vgg16")


def test_an_unknown_name_of_timms_is_refused() -> None:
    pytest.importorskip("timm")
    with pytest.raises(
        ValueError, match=r"^timm has no weights 'vgg17'; of VGG it has vgg11\.tv_in1k, vgg11_bn\.tv_in1k, "
    ):
        read_weights("timm:vgg17")
    with pytest.raises(ValueError, match=r"^Invalid pretrained tag \(other\) for vgg16"):
        read_weights("timm:vgg16.other")


def test_without_timm_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match=r"^source=timm:vgg16\.tv_in1k needs timm: pip install timm$"):
        read_weights("timm:vgg16.tv_in1k")
