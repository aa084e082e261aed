"""vggx.weights.store: a net as a folder, and as one file."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from vggx import configs, settings
from vggx.weights import store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = configs.load("modality/image")
    config.net.plan, config.net.width, config.net.head, config.data.size = "micro", 0.5, "pooled", 16
    config.net.mean, config.net.std = [0.5] * 3, [0.25] * 3
    made = settings.usual(config)
    torch.manual_seed(0)
    net = made.build(2)
    store.save_net(tmp_path, net, store.make_card(made, net, ["cat", "dog"]))
    return tmp_path


def test_the_file_alone_is_the_net(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = tmp_path_factory.mktemp("elsewhere") / "mine.safetensors"
    (folder / "net.safetensors").rename(alone)
    net, made, card = store.load_net(alone)
    assert card == json.loads((folder / "net.json").read_text(encoding="utf-8"))
    assert (card["classes"], made.name, made.data.size, made.net.width) == (["cat", "dog"], "image", 16, 0.5)
    assert not net.training
    with safe_open(alone, "pt") as file:
        assert {name: value.tolist() for name, value in net.state_dict().items()} == {
            name: file.get_tensor(name).tolist()
            for name in file.keys()  # noqa: SIM118
        }
    with pytest.raises(FileNotFoundError, match=r"net\.safetensors does not exist"):
        store.load_net(folder)


def test_the_folder_and_its_file_answer_alike(folder: Path) -> None:
    pixels = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)
    nets = [store.load_net(path)[0] for path in (folder, folder / "net.safetensors", str(folder))]
    with torch.inference_mode():
        first, *others = [net(pixels) for net in nets]
    assert first.std() > 0
    assert all(torch.equal(first, other) for other in others)


def test_more_metadata_stand_beside_the_card(folder: Path) -> None:
    net, _, card = store.load_net(folder)
    store.save_file_of_net(folder / "made.safetensors", net, card, {"source": "vgg16.pth"})
    with safe_open(folder / "made.safetensors", "pt") as file:
        assert file.metadata()["source"] == "vgg16.pth"
    assert store.load_net(folder / "made.safetensors")[2] == card
    assert sorted(path.name for path in folder.iterdir()) == ["made.safetensors", "net.json", "net.safetensors"]


# refusals


def test_a_file_without_a_card_is_refused_with_advice(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.zeros(1)}, tmp_path / "vgg.safetensors")
    with pytest.raises(
        ValueError, match=r"vgg\.safetensors is no net of vggx: .* no card\. vggx inflate makes one of it"
    ):
        store.load_net(tmp_path / "vgg.safetensors")


def test_a_folder_without_a_net_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no net\.json: no net was saved there"):
        store.load_net(tmp_path)


def test_a_file_cut_short_is_refused(folder: Path) -> None:
    path = folder / "net.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    for given in (folder, path):
        with pytest.raises(ValueError, match=rf"{path} is not a whole safetensors file"):
            store.load_net(given)


def test_a_card_of_another_net_is_refused(folder: Path) -> None:
    card = json.loads((folder / "net.json").read_text(encoding="utf-8"))
    card["spec"]["head"]["outputs"] = 4
    (folder / "net.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"(?s)net\.safetensors does not fit the net that its card describes: .*size mismatch"
    ):
        store.load_net(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 3}, r"net\.json is not a net's card of format 1 to 2"),
        ({"classes": [1, 2]}, r"net\.json has no list of class names"),
        ({"modality": "smell"}, r"net\.json names the modality 'smell'; known are audio, image, video"),
        ({"net": {"_target_": "os.system"}}, r"net\.json holds a _target_"),
        ({"net": {"colour": 1}}, r"net\.json does not fit the modality image: .*colour"),
    ],
)
def test_a_card_that_cannot_be_is_refused(changes: dict, message: str, folder: Path) -> None:
    card = json.loads((folder / "net.json").read_text(encoding="utf-8")) | changes
    (folder / "net.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        store.load_net(folder)
