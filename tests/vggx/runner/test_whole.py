"""vggx predict whole=true: whole files of sound and video, and their scores along time."""

import csv
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import torch

from vggx.options import Modality
from vggx.runner.predict import predict
from vggx.runner.whole import along_time, whole_scores
from vggx.settings import modality_of
from vggx.weights import store


def net_of(folder: Path, name: str, net: dict[str, Any], data: dict[str, Any], classes: list[str]) -> Path:
    """A net as its init draws it, saved as of a run."""
    card = {"modality": name, "net": {"plan": "micro", "norm": "batch", "mean": None, **net}, "data": data}
    torch.manual_seed(0)
    modality: Modality = modality_of({**card, "classes": classes}, folder)
    built = modality.build(len(classes)).eval()
    store.save_net(folder, built, store.make_card(modality, built, classes))
    return folder


SOUND = {"sample_rate": 8000, "seconds": 1.0, "clips": 1, "channels": "mix"}


@pytest.fixture(scope="module")
def of_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    net = {"head": "pooled", "n_fft": 256, "hop": 80, "mels": 40, "mean": [-9.0], "std": [3.0]}
    return net_of(tmp_path_factory.mktemp("sound"), "audio", net, SOUND, ["low", "high", "none"])


def noise(path: Path, seconds: float) -> str:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, round(8000 * seconds)), 8000)
    return str(path)


def test_whole_files_are_predicted_with_their_scores_along_time(of_sound: Path, tmp_path: Path) -> None:
    """Files of several lengths and one that is none; the clip of a short one is the whole of it."""
    inputs = [noise(tmp_path / "a/x.wav", 0.7), noise(tmp_path / "b/x.wav", 9.3), str(tmp_path / "no.wav")]
    short, long, bad = predict(of_sound, inputs, top=3, device="cpu", whole=True, frame_scores=tmp_path / "out")
    assert short["scores"] == predict(of_sound, inputs[:1], top=3, device="cpu")[0]["scores"]
    assert long["scores"] != predict(of_sound, inputs[1:2], top=3, device="cpu")[0]["scores"]
    assert (bad["scores"], bad["error"], bad["frame_scores"]) == ([], f"{inputs[2]}: does not exist", None)
    assert [Path(row["frame_scores"]).name for row in (short, long)] == ["x.csv", "x_2.csv"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x.csv", "x.txt", "x_2.csv", "x_2.txt"]
    with (tmp_path / "out/x_2.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["from", "to", "time", "low", "high", "none"]
    # 931 steps, 8 of them in a cell: a row for each cell, 8 x 80 samples apart
    assert len(rows) == 931 // 8
    assert np.diff([float(row["time"]) for row in rows]) == pytest.approx(0.08)
    sums = [sum(float(row[name]) for name in ("low", "high", "none")) for row in rows]
    assert sums == pytest.approx([1.0] * len(rows), abs=1e-4)
    assert (float(rows[0]["from"]), float(rows[-1]["to"])) == (0.0, 9.3)
    *_, last = (tmp_path / "out/x_2.txt").read_text().splitlines()
    assert last.split("\t")[1] == "9.300000"


def test_clips_of_different_lengths_in_a_batch_are_predicted_as_each_alone(of_sound: Path, tmp_path: Path) -> None:
    """They are padded to the longest, and what pads them is not heard."""
    inputs = [noise(tmp_path / f"{seconds}.wav", seconds) for seconds in (0.35, 0.9, 0.5, 2.0)]
    together = predict(of_sound, inputs, top=3, device="cpu", batch_size=4)
    for row, path in zip(together, inputs, strict=True):
        (alone,) = predict(of_sound, [path], top=3, device="cpu")
        assert row["classes"] == alone["classes"]
        assert row["scores"] == pytest.approx(alone["scores"], abs=2e-6)
    assert len({row["scores"][0] for row in together}) == 4


def test_the_rows_are_the_softmax_of_the_nets_own_score_map(of_sound: Path, tmp_path: Path) -> None:
    path = noise(tmp_path / "x.wav", 6.0)
    net, modality, _ = store.load_net(of_sound)
    x = torch.from_numpy(soundfile.read(path, dtype="float32")[0])
    with torch.no_grad():
        expected = net.score_map(x[None])[0]
    found = whole_scores(net, modality, path, window=100)
    torch.testing.assert_close(found.scores, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(along_time(net.vgg, found.scores), expected.softmax(0).T, rtol=1e-4, atol=1e-4)
    assert (len(found.times), found.seconds) == (expected.shape[1], 6.0)


def test_scores_along_time_are_means_over_space_and_over_bands(of_sound: Path, of_film: Path) -> None:
    film, _, _ = store.load_net(of_film)
    scores = torch.randn(4, 5, 2, 3)
    torch.testing.assert_close(along_time(film.vgg, scores), scores.mean((2, 3)).softmax(0).T)
    sound, _, _ = store.load_net(of_sound)
    folded = torch.randn(4, 6, 5)  # classes, bands, time
    torch.testing.assert_close(along_time(sound.vgg, folded), folded.mean(1).softmax(0).T)


FILM = {"frames": 8, "frame_stride": 2, "size": 32, "resize": 36}


@pytest.fixture(scope="module")
def of_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    net = {"head": "fc", "mean": [0.5] * 3, "std": [0.3] * 3}
    return net_of(tmp_path_factory.mktemp("film"), "video", net, FILM, ["still", "moves"])


def test_whole_films_and_folders_of_images(of_film: Path, tmp_path: Path) -> None:
    """A folder of images is scored, and where times are asked for it says that it has none."""
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 5 * number, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    row, *_ = predict(of_film, [str(tmp_path / "a.mp4")], device="cpu", whole=True, frame_scores=tmp_path)
    assert row["error"] is None
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    # 25 frames, 2 apart, 4 of them in a cell
    assert [float(each["time"]) for each in rows] == pytest.approx([0.3 + 0.8 * cell for cell in range(6)])
    assert float(rows[-1]["to"]) == 5.0


def test_pictures_have_no_time_to_be_scanned_along(make: Any, trained: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"whole=true scans files along time.*protocol=dense"):
        predict(trained["run"], ["x.png"], device="cpu", whole=True)


def test_scores_along_time_want_whole_files(of_sound: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frame_scores=out goes with whole=true"):
        predict(of_sound, ["x.wav"], device="cpu", frame_scores="out")
