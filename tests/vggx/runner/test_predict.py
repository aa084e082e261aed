"""vggx.runner.predict: clips of several lengths, whole files of sound and video, and their scores along time."""

import csv
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import torch

from tests.vggx.drawn import net_of_film, net_of_sound
from vggx.runner.predict import predict
from vggx.weights import store


@pytest.fixture(scope="module")
def of_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return net_of_sound(tmp_path_factory.mktemp("sound"))


def noise(path: Path, seconds: float) -> str:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, round(8000 * seconds)), 8000)
    return str(path)


def test_sounds_of_several_lengths_in_one_batch_are_answered_as_each_is_alone(of_sound: Path, tmp_path: Path) -> None:
    """What pads the shorter ones has no part; an unreadable one among them neither."""
    inputs = [noise(tmp_path / f"{number}.wav", seconds) for number, seconds in enumerate([0.3, 0.9, 0.45, 1.0])]
    together = predict(of_sound, [*inputs, str(tmp_path / "no.wav")], top=3, device="cpu", batch_size=5)
    alone = predict(of_sound, inputs, top=3, device="cpu", batch_size=1)
    for row, other in zip(together, alone, strict=False):
        assert row["classes"] == other["classes"]
        assert row["scores"] == pytest.approx(other["scores"], abs=2e-6)
    assert len({tuple(row["scores"]) for row in alone}) == 4
    assert (together[4]["scores"], together[4]["error"]) == ([], f"{tmp_path / 'no.wav'}: does not exist")


def test_the_clips_of_a_file_are_averaged(tmp_path: Path) -> None:
    folder = net_of_sound(tmp_path / "net", clips=3)
    path = noise(tmp_path / "a.wav", 5.0)
    net, _, card = store.load_net(folder)
    x = torch.from_numpy(soundfile.read(path, dtype="float32")[0])
    with torch.no_grad():  # of a second each: at the start, in the middle, at the end
        expected = torch.stack([net(x[None, at : at + 8000])[0].softmax(0) for at in (0, 16_000, 32_000)]).mean(0)
    (row,) = predict(folder, [path], top=3, device="cpu", batch_size=2)
    assert dict(zip(row["classes"], row["scores"], strict=True)) == pytest.approx(
        dict(zip(card["classes"], expected.tolist(), strict=True)), abs=2e-6
    )


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


@pytest.fixture(scope="module")
def of_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return net_of_film(tmp_path_factory.mktemp("film"))


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
