"""vggx explain: pictures and tables of where a net looked, in every modality; true places; bad files."""

import csv
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from modalities.video.moving_digits import encode
from vggx.commands.explain.explain import Words, explain
from vggx.options import Modality
from vggx.runner.predict import predict
from vggx.settings import modality_of
from vggx.weights import store


def bright(folder: Path, name: str, net: dict[str, Any], data: dict[str, Any]) -> Path:
    """A net, saved as of a run, whose class `bright` is what is highest of its input, place by place."""
    card = {"modality": name, "net": {"plan": "micro", "norm": "none", "head": "pooled", **net}, "data": data}
    modality: Modality = modality_of({**card, "classes": ["dark", "bright"]}, folder)
    built = modality.build(2).eval()
    with torch.no_grad():
        for parameter in built.vgg.parameters():
            parameter.zero_()
        for module in built.vgg.modules():
            if isinstance(module, torch.nn.modules.conv._ConvNd):
                module.weight[(0, slice(None), *(side // 2 for side in module.kernel_size))] = 1
        built.vgg.head.fc.weight[1, 0] = 1
    store.save_net(folder, built, store.make_card(modality, built, ["dark", "bright"]))
    return folder


@pytest.fixture(scope="module")
def of_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bright(
        tmp_path_factory.mktemp("images"), "image", {"mean": [0.0], "std": [1.0]},
        {"size": 32, "channels": 1, "resize": 32},
    )  # fmt: skip


def picture(path: Path, top: int, left: int) -> str:
    """64 x 96 dark pixels with a light square of 16."""
    path.parent.mkdir(exist_ok=True)
    image = np.full((64, 96), 20, np.uint8)
    image[top : top + 16, left : left + 16] = 250
    Image.fromarray(image).save(path)
    return str(path)


def test_the_maximum_lies_on_the_square(of_images: Path, tmp_path: Path) -> None:
    """At half of its size, where the square is a cell's."""
    inputs = [picture(tmp_path / "a/x.png", 0, 0), picture(tmp_path / "b/x.png", 48, 64), str(tmp_path / "no.png")]
    first, second, bad = explain(of_images, inputs, tmp_path / "out", Words("bright"), device="cpu")
    assert (first["scores_x"], first["scores_y"]) == (3.5, 3.5)
    assert (second["scores_x"], second["scores_y"]) == (35.5, 27.5)
    assert 32 <= second["gradcam_x"] < 40
    assert 24 <= second["gradcam_y"] < 32
    assert bad == {"path": inputs[2], "class": None, "score": None, "error": f"{inputs[2]}: does not exist"}
    assert [Path(row["picture"]).name for row in (first, second)] == ["x.png", "x_2.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "explain.csv", "explain.json", "x.png", "x_2.png",
    ]  # fmt: skip
    assert json.loads((tmp_path / "out/explain.json").read_text()) == [first, second, bad]
    rows = list(csv.DictReader((tmp_path / "out/explain.csv").open()))
    assert [row["scores_x"] for row in rows] == ["3.5", "35.5", ""]
    assert rows[2]["error"] == f"{inputs[2]}: does not exist"


def test_the_score_is_the_one_that_is_predicted(of_images: Path, tmp_path: Path) -> None:
    """Of a square picture, of which nothing is cut off."""
    picture(tmp_path / "x.png", 16, 16)
    Image.open(tmp_path / "x.png").crop((0, 0, 64, 64)).save(tmp_path / "square.png")
    (answer,) = predict(of_images, [str(tmp_path / "square.png")], device="cpu")
    for label in (None, "dark"):
        words = Words(label, "scores")
        (found,) = explain(of_images, [str(tmp_path / "square.png")], tmp_path / "out", words, device="cpu")
        place = answer["classes"].index(found["class"])
        assert place == (0 if label is None else 1)
        assert found["score"] == pytest.approx(answer["scores"][place], abs=1e-6)
        assert not any(name.startswith("gradcam") for name in found)


def test_pixels_are_those_of_the_scaled_picture(of_images: Path, tmp_path: Path) -> None:
    name = picture(tmp_path / "x.png", 48, 64)
    (found,) = explain(of_images, [name], tmp_path / "out", Words("bright", "scores", size=64), device="cpu")
    assert 64 <= found["scores_x"] < 80
    assert 48 <= found["scores_y"] < 64


def test_a_map_of_zeros_has_no_greatest_place(of_images: Path, tmp_path: Path) -> None:
    name = picture(tmp_path / "x.png", 0, 0)
    (found,) = explain(of_images, [name], tmp_path / "out", Words("dark", "gradcam"), device="cpu")
    assert found["error"] is None
    assert not any(key.startswith("gradcam") for key in found)


FILM = {"frames": 8, "frame_stride": 2, "size": 32, "resize": 32, "clips": 3, "crops": 3, "short": "repeat"}


@pytest.fixture(scope="module")
def of_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    colours = {"mean": [0.0] * 3, "std": [1.0] * 3}
    return bright(tmp_path_factory.mktemp("films"), "video", colours | {"time_pools": [1, 2, 2]}, FILM)


def test_a_flash_is_found_in_its_frames(of_films: Path, tmp_path: Path) -> None:
    """40 frames at 10 a second, of which the middle clip takes 12, 14, ... 26; the flash is in its last two."""
    frames = np.full((40, 64, 96), 20, np.uint8)
    frames[23:28, 48:, 64:80] = 250
    encode(tmp_path / "x.mp4", frames)
    (found,) = explain(of_films, [str(tmp_path / "x.mp4")], tmp_path / "out", Words("bright"), device="cpu")
    assert found["error"] is None
    # a score is of four frames of the clip, a cell of Grad-CAM of two
    assert (found["scores_frame"], found["scores_x"], found["scores_y"]) == (24, 35.5, 27.5)
    assert found["gradcam_frame"] == 24
    assert found["scores_seconds"] == found["gradcam_seconds"] == pytest.approx(2.4, abs=1e-4)
    for name in ("scores", "gradcam"):
        with av.open(found[f"{name}_film"]) as film:
            shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
            assert film.streams.video[0].average_rate == 5
        assert np.shape(shown) == (8, 256, 2 * 48 * 8, 3)
        red = np.asarray(shown)[:, :, 384:].astype(int)
        reddest = red[..., 0] - red[..., 2]
        time, y, x = np.unravel_index(reddest.argmax(), reddest.shape)
        assert time >= 4
        assert (24 <= y / 8 < 32, 32 <= x / 8 < 40) == (True, True)


SOUND = {"sample_rate": 8000, "seconds": 1.0, "clips": 5, "channels": "mix"}


@pytest.mark.parametrize("frequency", ["channels", "pooled"])
def test_a_burst_is_found_at_its_second(frequency: str, tmp_path: Path) -> None:
    """4 s, of which the middle one is looked at: a tone of 1.8 to 1.88 s and 2,400 Hz in faint noise."""
    net = {"n_fft": 256, "hop": 80, "mels": 40, "mean": [-14.0], "std": [3.0], "frequency": frequency, "bands": 5}
    run = bright(tmp_path / "run", "audio", net | {"time_pools": [2, 2, 2]}, SOUND)
    x = np.random.default_rng(0).normal(0, 1e-4, 32_000)
    x[14_400:15_040] += 0.5 * np.sin(2 * np.pi * 2400 * np.arange(640) / 8000)
    soundfile.write(tmp_path / "x.wav", x, 8000, "FLOAT")
    (found,) = explain(run, [str(tmp_path / "x.wav")], tmp_path / "out", Words("bright"), device="cpu")
    assert found["error"] is None
    for name in ("scores", "gradcam"):
        assert 1.76 <= found[f"{name}_seconds"] <= 1.92
        if frequency == "pooled":
            assert 1900 <= found[f"{name}_hertz"] <= 3000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (Words("cat"), "class=cat is none of the net's 2: dark, bright"),
        (Words(how="heat"), "how must be one of scores, gradcam, both, not 'heat'"),
        (Words(layer="conv4_1"), "layer=conv4_1: plan micro has conv1_1, pool1, conv2_1, pool2, conv3_1, pool3"),
        (Words(how="scores", layer="conv3_1"), "layer=conv3_1 is of Grad-CAM: take how=gradcam or both"),
        (Words(size=7), "size=7 is smaller than 8, the least that plan micro takes"),
    ],
)
def test_a_word_that_the_net_cannot_follow_is_named(
    of_images: Path, words: Words, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        explain(of_images, [picture(tmp_path / "x.png", 0, 0)], tmp_path / "out", words, device="cpu")
    assert not (tmp_path / "out").exists()


def test_sound_has_no_size(tmp_path: Path) -> None:
    net = {"n_fft": 256, "hop": 80, "mels": 40, "mean": [-14.0], "std": [3.0]}
    run = bright(tmp_path / "run", "audio", net, SOUND)
    with pytest.raises(ValueError, match="size=64: sound has no pixels to scale; leave it out"):
        explain(run, ["x.wav"], tmp_path / "out", Words(size=64), device="cpu")


def test_an_input_is_never_written_over(of_images: Path, tmp_path: Path) -> None:
    name = picture(tmp_path / "x.png", 0, 0)
    before = Path(name).read_bytes()
    with pytest.raises(ValueError, match=r"holds the input .*x\.png: name a folder of its own"):
        explain(of_images, [str(tmp_path)], tmp_path / "../" / tmp_path.name, Words(), device="cpu")
    assert Path(name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
