"""The work of `vggx inflate`: a file in, a file and its report out; the net in the file answers as the source does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torchvision.models import vgg

from tests.vggx.published import published
from vggx import configs, settings
from vggx.commands.inflate import inflate as inflating
from vggx.commands.inflate.inflate import class_names, inflate
from vggx.options import Modality
from vggx.weights.adopt import adopt
from vggx.weights.files import sha256
from vggx.weights.source import Weights, read_weights
from vggx.weights.store import load_net

Usual = Callable[..., Modality]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, vgg.VGG]:
    path = tmp_path_factory.mktemp("published") / "vgg11.pth"
    return path, published(path)


def usual(modality: str, weights: Weights, **changes: object) -> Modality:
    """A modality as `vggx inflate` has it: what the weights say, the given changes, the rest for a user's own data."""
    from omegaconf import OmegaConf

    config = OmegaConf.create({"modality": configs.load(f"modality/{modality}")})
    for key, value in changes.items():
        OmegaConf.update(config, f"modality.{key.replace('__', '.')}", value)
    adopt(config, weights, {f"modality.{key.replace('__', '.')}" for key in changes})
    return settings.usual(config.modality)


def test_images_to_clips(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    path, theirs = source
    weights = read_weights(str(path))
    target = tmp_path / "clips.safetensors"
    report = inflate(usual("video", weights, data__frames=16, data__size=64), weights, target)
    assert json.loads((tmp_path / "clips.safetensors.report.json").read_text()) == report
    assert sorted(report) == ["layers", "proof", "seconds", "source", "target"]
    proof = report["proof"]
    assert proof["exact"]
    assert [list(places) for places in proof["max_relative_error"].values()] == [["first", "middle", "last"]] * 5
    assert proof["top1_agreement"] == 1
    assert report["source"]["sha256"] == sha256(path)
    assert (report["source"]["plan"], report["source"]["dims"]) == ("A", 2)
    assert {row["result"] for row in report["layers"]} == {"copied"}

    net, modality, card = load_net(target)
    assert (net.vgg.dims, card["classes"], card["weights"]["init"]) == (3, [f"class_{n}" for n in range(10)], "center")
    assert (modality.net.width, modality.net.normalize, modality.net.grid) == (0.125, "imagenet", [1, 7, 7])
    pixels = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        wanted = theirs(net.normalise(pixels))
        logits = net(pixels.unsqueeze(2).expand(-1, -1, 16, -1, -1))
    assert ((logits - wanted).abs().max() / wanted.abs().max()).item() < 1e-5


def test_the_metadata_tell_those_who_do_not_read_cards(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    target = tmp_path / "clips.safetensors"
    inflate(
        usual("video", weights, data__frames=4, data__size=32, net__time_padding="replicate", net__time_pools=[1] * 5),
        weights, target, init="mean",
    )  # fmt: skip
    with safe_open(target, "pt") as file:
        metadata = file.metadata()
    told = {key: metadata[key] for key in ("plan", "dims", "init", "time_padding", "source", "source_sha256")}
    assert told == {
        "plan": "A", "dims": "3", "init": "mean", "time_padding": "replicate", "source": str(source[0]),
        "source_sha256": sha256(source[0]),
    }  # fmt: skip
    assert json.loads(metadata["source_preprocessing"])["mean"] == [0.485, 0.456, 0.406]
    assert metadata["vggx"]


def test_images_to_sound_and_the_error_against_the_zero_padded_original(
    source: tuple[Path, vgg.VGG], tmp_path: Path
) -> None:
    weights = read_weights(str(source[0]))
    modality = usual("audio", weights, net__frequency="pooled")
    proof = inflate(modality, weights, tmp_path / "sound.safetensors")["proof"]
    assert max(each for places in proof["max_relative_error"].values() for each in places.values()) < 1e-5
    assert proof["logits"] < 1e-5
    assert proof["zero_padded"]["block1"]["middle"] < 1e-5
    assert proof["zero_padded"]["block1"]["first"] > 0.05
    net, _, _ = load_net(tmp_path / "sound.safetensors")
    assert net(torch.randn(2, 16000)).shape == (2, 10)


def test_clips_back_to_images_give_the_file_they_came_from(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    path, theirs = source
    weights = read_weights(str(path))
    inflate(usual("video", weights, data__frames=16, data__size=32), weights, tmp_path / "clips.safetensors")
    clips = read_weights(str(tmp_path / "clips.safetensors"))
    report = inflate(usual("image", clips, data__size=32), clips, tmp_path / "images.safetensors")
    assert report["proof"]["logits"] < 1e-5
    again = read_weights(str(tmp_path / "images.safetensors"))
    for name, value in theirs.state_dict().items():
        ours = next(ours for ours, key in weights.keys.items() if key == name)
        assert torch.equal(again.state[ours].flatten(), value.flatten()), name


def test_drift_is_shown_and_not_taken_for_a_failure(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    modality = usual("video", weights, data__frames=16, data__size=32)
    proof = inflate(modality, weights, tmp_path / "clips.safetensors", init="mean")["proof"]
    assert not proof["exact"]
    assert proof["logits"] > 0.05


def test_nothing_is_written_where_the_proof_fails(
    source: tuple[Path, vgg.VGG], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*words: Any, **options: Any) -> Any:
        net, found = inherit(*words, **options)
        with torch.no_grad():
            net.vgg.backbone.block2.conv2_1.conv.weight = torch.nn.Parameter(
                net.vgg.backbone.block2.conv2_1.conv.weight * 1.1
            )
        return net, found

    inherit = inflating.inherit
    monkeypatch.setattr(inflating, "inherit", wrong)
    weights = read_weights(str(source[0]))
    with pytest.raises(RuntimeError, match=r"outputs are not its source's, and should be, to 0.0001"):
        inflate(usual("video", weights, data__frames=16, data__size=32), weights, tmp_path / "clips.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_maps_that_are_not_numbers_are_no_proof(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    """Weights that are finite one by one, and overflow together: NaN is neither less nor more than the tolerance."""
    weights = read_weights(str(source[0]))
    huge = {name: value * (1e15 if name.startswith("fc") else 1) for name, value in weights.state.items()}
    modality = usual("video", weights, data__frames=16, data__size=32)
    with pytest.raises(RuntimeError, match="nan"):
        inflate(modality, Weights(**{**vars(weights), "state": huge}), tmp_path / "clips.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_a_new_class_list_replaces_the_last_layer_alone(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    modality = usual("video", weights, data__frames=16, data__size=32)
    report = inflate(modality, weights, tmp_path / "clips.safetensors", classes=["walk", "run"])
    assert report["source"]["fresh"] == ["fc8"]
    assert report["proof"]["logits"] is None
    net, _, card = load_net(tmp_path / "clips.safetensors")
    assert card["classes"] == ["walk", "run"]
    weight = net.vgg.head.fc8.weight
    assert weight.shape == (2, 512, 1, 1, 1)
    assert 0 < weight.std() < 1


def test_the_same_seed_draws_the_same_fresh_layers(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    modality = usual("video", weights, data__frames=16, data__size=32)
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        inflate(modality, weights, tmp_path / f"{name}.safetensors", classes=3, seed=seed)
    a, b, c = (read_weights(str(tmp_path / f"{name}.safetensors")).state["fc8.weight"] for name in "abc")
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_a_grey_net_that_vggx_trained_becomes_one_of_clips(trained: dict[str, object], tmp_path: Path) -> None:
    weights = read_weights(str(trained["run"]))
    report = inflate(usual("video", weights, data__frames=8, data__size=16), weights, tmp_path / "clips.safetensors")
    assert {row["target"]: row["rule"] for row in report["layers"]}["conv1_1"] == "center, a third for each of RGB"
    assert report["proof"]["logits"] < 1e-5
    _, modality, card = load_net(tmp_path / "clips.safetensors")
    assert card["classes"] == ["lying", "standing"]
    assert (modality.net.mean, modality.net.std) == (weights.mean * 3, weights.std * 3)


def test_a_partial_source_proves_the_blocks_that_are_there(shared_data: Path, tmp_path: Path) -> None:
    """ImageNet's own weights of VGG-19's first three blocks."""
    weights = read_weights(str(shared_data / "vgg19_imagenet_blocks1-3/vgg19_torchvision_input_block1-3.pt"))
    modality = usual("video", weights, net__plan="E:3", net__head="pooled", data__frames=8, data__size=64)
    report = inflate(modality, weights, tmp_path / "clips.safetensors", classes=2)
    errors = report["proof"]["max_relative_error"]
    assert list(errors) == ["block1", "block2", "block3"]
    assert max(each for places in errors.values() for each in places.values()) < 1e-5
    clips = read_weights(str(tmp_path / "clips.safetensors"))
    image = usual("image", clips, data__size=64)
    inflate(image, clips, tmp_path / "images.safetensors")
    again = read_weights(str(tmp_path / "images.safetensors"))
    assert all(torch.equal(again.state[name], value) for name, value in weights.state.items())


# refusals


def test_a_target_that_exists_is_kept(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    target = tmp_path / "clips.safetensors"
    target.write_text("precious")
    modality = usual("video", weights, data__frames=16, data__size=32)
    with pytest.raises(FileExistsError, match=r"clips.safetensors exists; overwrite=true would replace it"):
        inflate(modality, weights, target)
    assert target.read_text() == "precious"
    inflate(modality, weights, target, overwrite=True)
    assert read_weights(str(target)).plan == "A"


def test_the_source_is_never_the_target(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    target = tmp_path / "clips.safetensors"
    inflate(usual("video", weights, data__frames=16, data__size=32), weights, target)
    before = target.read_bytes()
    clips = read_weights(str(target))
    with pytest.raises(ValueError, match="is the source itself"):
        inflate(usual("image", clips, data__size=32), clips, target, overwrite=True)
    assert target.read_bytes() == before


def test_what_was_drawn_at_random_stays_fresh_for_the_next_net(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    """Leave was given when it was made; but nothing may be taken for inherited that nobody has trained."""
    weights = read_weights(str(source[0]))
    target = tmp_path / "clips.safetensors"
    inflate(usual("video", weights, data__frames=16, data__size=32), weights, target, classes=["walk", "run"])
    clips = read_weights(str(target))
    assert clips.untrained() == ["fc8"]
    report = inflate(usual("image", clips, data__size=32), clips, tmp_path / "images.safetensors")
    assert report["source"]["fresh"] == ["fc8"]
    assert {row["target"]: row["rule"] for row in report["layers"]}["fc8"] == "random in the source"
    assert report["proof"]["logits"] is None


def test_a_proof_of_nothing_says_so(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    report = inflate(usual("audio", weights), weights, tmp_path / "sound.safetensors", allow_fresh=["conv1_1"])
    assert (report["proof"]["exact"], report["proof"]["max_relative_error"]) == (None, {})


def test_sound_back_to_images_reads_rgb(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    inflate(usual("audio", weights, net__frequency="pooled"), weights, tmp_path / "sound.safetensors")
    sound = read_weights(str(tmp_path / "sound.safetensors"))
    report = inflate(usual("image", sound, data__size=32), sound, tmp_path / "images.safetensors", allow_fresh=["fc6"])
    assert {row["target"]: row["rule"] for row in report["layers"]}["conv1_1"] == "center, a third for each of RGB"


def test_bad_words_are_refused(source: tuple[Path, vgg.VGG], tmp_path: Path) -> None:
    weights = read_weights(str(source[0]))
    modality = usual("video", weights, data__frames=16, data__size=32)
    with pytest.raises(ValueError, match=r"target=.*clips.pth must be a file that ends in .safetensors"):
        inflate(modality, weights, tmp_path / "clips.pth")
    with pytest.raises(ValueError, match=r"init must be one of center, mean, not 'sum'"):
        inflate(modality, weights, tmp_path / "a.safetensors", init="sum")
    for classes in ([], ["a", "a"], 0):
        with pytest.raises(ValueError, match="classes must be one or more different names"):
            inflate(modality, weights, tmp_path / "a.safetensors", classes=classes)
    assert list(tmp_path.iterdir()) == []


def test_which_classes_the_net_has(source: tuple[Path, vgg.VGG]) -> None:
    weights = read_weights(str(source[0]))
    names = [f"digit {number}" for number in range(10)]
    assert class_names(weights, None) == ([f"class_{number}" for number in range(10)], True)
    assert class_names(weights, names) == (names, True)  # a state dict has no names: these are they
    assert class_names(weights, 3) == (["class_0", "class_1", "class_2"], False)
    known = Weights(**{**vars(weights), "classes": names})
    assert class_names(known, None) == (names, True)
    assert class_names(known, names[::-1]) == (names[::-1], False)
    headless = Weights(**{**vars(weights), "state": {k: v for k, v in weights.state.items() if k < "f"}})
    with pytest.raises(ValueError, match=r"has no last layer, and so no classes: give classes=\[cat,dog\]"):
        class_names(headless, None)
