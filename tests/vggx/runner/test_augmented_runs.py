"""Runs whose pictures are changed in training: what they measure, keep and refuse; resumed ones end the same."""

import csv
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from safetensors.torch import load_file

from vggx import configs, settings
from vggx.options import Settings
from vggx.runner.recorder import Recorder
from vggx.runner.train import train
from vggx.weights import store


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 16 x 16 images of two classes, mostly red and mostly blue, their channels going together."""
    root, draw = tmp_path_factory.mktemp("colours"), np.random.default_rng(0)
    for split, count in {"train": 12, "val": 4, "test": 4}.items():
        for label, base in {"red": (170, 90, 60), "blue": (60, 100, 180)}.items():
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                light = draw.normal(0, 30, (16, 16, 1)) + draw.normal(0, 15)
                image = np.array(base) + light + draw.normal(0, 8, (16, 16, 3))
                Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / f"{number:02d}.png")
    return root


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films of 12 frames that grow brighter or darker."""
    root, draw = tmp_path_factory.mktemp("films"), np.random.default_rng(0)
    for split, count in {"train": 4, "val": 2}.items():
        for label, step in {"brighter": 12, "darker": -12}.items():
            (root / split / label).mkdir(parents=True)
            for number in range(count):
                with av.open(str(root / split / label / f"{number}.mp4"), "w") as container:
                    stream = container.add_stream("libx264", rate=10, options={"qp": "10"})
                    stream.width = stream.height = 32
                    stream.pix_fmt = "yuv420p"
                    for time in range(12):
                        frame = draw.integers(100, 130, (32, 32, 3)) + step * (time - 6)
                        container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.astype(np.uint8), format="rgb24")))
                    container.mux(stream.encode())
    return root


COMMON = {
    "data.size": 16,
    "data.resize": 16,
    "data.batch_size": 8,
    "data.num_workers": 0,
    "net.plan": "micro",
    "net.head": "pooled",
    "net.normalize": "mean",
}
PAPER = {
    "data.colour_shift": 0.1,
    "data.short_side": [16, 24],
    "data.colour": 0.4,
    "data.rotation": 15.0,
    "data.rand_augment": [2, 9],
}
CLIPS = {"data.frames": 8, "data.frame_stride": 1, "data.repeats": 2, "data.batch_size": 4, "data.colour_shift": 0.1}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def made(root: Path, runs: Path, epochs: int = 2, **changes: Any) -> Settings:
    """Settings of a quick run; the changes are options of the modality, which is video if they speak of frames."""
    name = "video" if "data.frames" in changes else "image"
    config = OmegaConf.create({"modality": configs.load(f"modality/{name}"), "runs": str(runs), "logger": "none"})
    config.recipe, config.trainer = configs.load("recipe/default"), configs.load("trainer/default")
    for key, value in {**COMMON, "data.root": str(root), **changes}.items():
        OmegaConf.update(config.modality, key, value)
    config.trainer.max_epochs, config.recipe.lr = epochs, 0.01
    return settings.resolve(config)


def resumed_settings(folder: Path, epochs: int = 2, **changes: Any) -> Settings:
    packaged = {name: configs.load(f"{name}/default") for name in ("recipe", "trainer")}
    values = settings.read_run(folder)
    config = OmegaConf.merge({"modality": configs.load(f"modality/{values['modality']['name']}"), **packaged}, values)
    for key, value in changes.items():
        OmegaConf.update(config.modality, key, value)
    config.trainer.max_epochs = epochs
    return settings.resolve(config)


def covariance(root: Path) -> np.ndarray:
    """Of all pixels of the training images, on 0..1, by numpy."""
    pixels = np.concatenate([np.asarray(Image.open(path)).reshape(-1, 3) for path in root.glob("train/*/*.png")])
    return np.cov(pixels.T / 255, ddof=0)


@pytest.mark.parametrize("kind", ["images", "clips"])
def test_a_resumed_run_ends_bit_for_bit_where_the_unbroken_one_does(
    kind: str, runs: Path, colours: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, changes = (colours, PAPER) if kind == "images" else (films, CLIPS)
    whole = train(made(root, runs, **changes))
    end_of_epoch, folders = Recorder.on_train_epoch_end, []

    def broken(self: Recorder, trainer: Any, module: Any) -> None:
        end_of_epoch(self, trainer, module)
        folders.append(self.folder)
        raise ConnectionError("pulled the plug")

    monkeypatch.setattr(Recorder, "on_train_epoch_end", broken)
    with pytest.raises(ConnectionError):
        train(made(root, runs, **changes))
    monkeypatch.setattr(Recorder, "on_train_epoch_end", end_of_epoch)
    torch.manual_seed(12345)  # whatever the new process has drawn
    resumed = train(resumed_settings(folders[0]), resume=folders[0])
    ends = [torch.load(Path(run["run"]) / "checkpoints/last.ckpt", weights_only=True) for run in (whole, resumed)]
    assert all(torch.equal(ends[0]["state_dict"][k], ends[1]["state_dict"][k]) for k in ends[0]["state_dict"])
    rows = [list(csv.DictReader((Path(run["run"]) / "metrics.csv").open())) for run in (whole, resumed)]
    assert rows[0][1]["train_loss"] == rows[1][1]["train_loss"]


def test_what_is_measured_stands_in_the_config_as_numbers(runs: Path, colours: Path) -> None:
    run = Path(train(made(colours, runs, 1, **PAPER))["run"])
    values = settings.read_run(run)["modality"]
    np.testing.assert_allclose(values["data"]["rgb_covariance"], covariance(colours), rtol=1e-5)
    pixels = np.concatenate([np.asarray(Image.open(path)) for path in colours.glob("train/*/*.png")])
    np.testing.assert_allclose(values["net"]["mean"], pixels.mean((0, 1)) / 255, rtol=1e-5)
    assert values["net"]["std"] == [1 / 255] * 3
    # and a net that is used knows nothing of what was done to its training pictures
    net, modality, card = store.load_net(run)
    assert net.augment is None
    assert modality.data.colour_shift is None
    assert set(card["data"]) == {"size", "channels", "resize"}
    assert not [name for name in load_file(run / "net.safetensors") if "augment" in name]


def test_a_shift_that_begins_with_a_resumed_run_is_measured_then(runs: Path, colours: Path) -> None:
    run = Path(train(made(colours, runs, 1, **{"net.normalize": "imagenet"}))["run"])
    assert settings.read_run(run)["modality"]["data"]["rgb_covariance"] is None
    assert train(resumed_settings(run, 2, **{"data.colour_shift": 0.1}), resume=run)["epochs"] == 2
    found = settings.read_run(run)["modality"]["data"]["rgb_covariance"]
    np.testing.assert_allclose(found, covariance(colours), rtol=1e-5)


def test_the_shift_reaches_training(runs: Path, colours: Path) -> None:
    """One of twenty times the variance hides whether a picture is red or blue."""
    runs_of = [train(made(colours, runs, 4, **{"data.colour_shift": std})) for std in (None, 20.0)]
    rows = [list(csv.DictReader((Path(run["run"]) / "metrics.csv").open())) for run in runs_of]
    assert float(rows[0][-1]["train_loss"]) < 0.5 * float(rows[1][-1]["train_loss"])


def test_grey_images_are_refused_before_there_is_a_run(colours: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.colour_shift=0.1 moves RGB colours, and grey pictures"):
        train(made(colours, tmp_path, **{"data.colour_shift": 0.1, "data.channels": 1}))
    assert list(tmp_path.iterdir()) == []


def test_an_epoch_has_every_file_so_many_times(runs: Path, films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []
    end_of_batch = Recorder.on_train_batch_end

    def noting(self: Recorder, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
        end_of_batch(self, trainer, module, outputs, batch, index)
        seen.append(batch.file.tolist())

    monkeypatch.setattr(Recorder, "on_train_batch_end", noting)
    train(made(films, runs, 1, **CLIPS))
    assert len(seen) == 4
    assert all(files[0] == files[1] != files[2] == files[3] for files in seen)
    assert sorted(file for files in seen for file in files) == sorted([*range(8)] * 2)
