"""A task of a stranger's: a mask for each file, in one, two and three dimensions, from this file alone.

It is entered in `TASKS`, trains, resumes, evaluates and predicts; nothing else knows of it.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torchvision.tv_tensors import Mask

from vggx import configs, settings
from vggx.data.targets import Targets
from vggx.options import Settings, TaskOptions
from vggx.runner.evaluate import evaluate
from vggx.runner.predict import predict
from vggx.runner.train import train
from vggx.tasks import TASKS, open_data
from vggx.tasks.task import Row, Task
from vggx.weights.store import read_card

# the task


@dataclass(kw_only=True)
class MaskOptions(TaskOptions):
    """Which of two kinds every place is."""

    name: str = "mask"
    weight: float = 1.0


@dataclass(frozen=True)
class Masks(Targets):
    """The path of a picture or an array, in the column mask."""

    def columns(self, options: Any, label: str) -> list[str]:
        return ["mask"]

    def names(self, cells: Any, options: Any, columns: Sequence[str], file: Path) -> list[str]:
        return ["behind", "before"]

    def read(self, row: Any, names: Sequence[str], options: Any, columns: Sequence[str], base: Path) -> str:
        return str(base / row["mask"])

    def load(self, target: Any) -> Any:
        if target is None:
            return None
        array = np.load(target) if target.endswith(".npy") else np.array(Image.open(target))
        return Mask(torch.from_numpy(array.astype(np.int64)))


class Segment(Task):
    """Cross-entropy of the score map at the places of the mask."""

    OPTIONS = MaskOptions
    watched = "iou"

    @classmethod
    def targets(cls, options: Any) -> Targets:
        return Masks()

    def ask(self, net: Any, x: Tensor, lengths: Tensor | None) -> Tensor:
        scores: Tensor = net.score_map(x)
        return scores

    def loss(self, outputs: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
        return F.cross_entropy(outputs, fitted(target, outputs.shape[2:]), torch.tensor([1.0, self.options.weight]))

    def activate(self, outputs: Tensor) -> Tensor:
        return outputs.softmax(1)

    def measures(self, scores: Tensor, targets: Tensor) -> dict[str, float]:
        found, truth = scores.argmax(1) == 1, fitted(targets, scores.shape[2:]) == 1
        return {"iou": ((found & truth).sum() / (found | truth).sum().clamp(min=1)).item()}

    def row(self, scores: Tensor | None, top: int) -> Row:
        return {"before": None if scores is None else (scores.argmax(0) == 1).float().mean().item()}


def fitted(target: Tensor, size: Sequence[int]) -> Tensor:
    """(N, *S) -> (N, *size), the commoner kind of each place."""
    pool = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[len(size)]
    shares: Tensor = pool(target.float()[:, None], size if len(size) > 1 else size[0])
    return (shares[:, 0] >= 0.5).long()


@pytest.fixture(autouse=True)
def entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "mask", Segment)


# its data: a bright square, cube or stretch of tone


def picture(folder: Path, name: str, draw: Any) -> dict[str, str]:
    at = draw.integers(0, 17, 2)
    mask = np.zeros((32, 32), np.uint8)
    mask[at[0] : at[0] + 16, at[1] : at[1] + 16] = 1
    Image.fromarray(mask * 180 + draw.integers(0, 40, mask.shape, dtype=np.uint8)).save(folder / f"{name}.png")
    Image.fromarray(mask).save(folder / f"{name}_mask.png")
    return {"path": f"{name}.png", "mask": f"{name}_mask.png"}


def sound(folder: Path, name: str, draw: Any) -> dict[str, str]:
    mask = np.zeros(4000, np.uint8)
    start = int(draw.integers(0, 2000))
    mask[start : start + 2000] = 1
    wave = 0.4 * mask * np.sin(np.arange(4000) * 0.7) + draw.normal(0, 0.01, 4000)
    soundfile.write(folder / f"{name}.wav", wave, 8000)
    np.save(folder / f"{name}.npy", mask)
    return {"path": f"{name}.wav", "mask": f"{name}.npy"}


def film(folder: Path, name: str, draw: Any) -> dict[str, str]:
    """A folder of frames."""
    masks = np.zeros((8, 32, 32), np.uint8)
    at = draw.integers(0, 17, 2)
    masks[:, at[0] : at[0] + 16, at[1] : at[1] + 16] = 1
    (folder / name).mkdir()
    for number, mask in enumerate(masks):
        Image.fromarray(mask * 200).save(folder / name / f"img_{number:05d}.png")
    np.save(folder / f"{name}.npy", masks)
    return {"path": name, "mask": f"{name}.npy"}


WRITERS = {"audio": sound, "image": picture, "video": film}
OPTIONS: dict[str, dict[str, Any]] = {
    "image": {"data.size": 32, "data.resize": 32, "data.channels": 1, "data.flip": True},
    "audio": {"data.sample_rate": 8000, "data.seconds": 0.4, "net.mels": 16, "net.n_fft": 256, "net.hop": 64},
    "video": {"data.size": 32, "data.resize": 32, "data.frames": 8, "data.frame_stride": 1, "data.flip": True},
}


@pytest.fixture(params=list(WRITERS))
def wanted(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    name, draw = request.param, np.random.default_rng(0)
    folder = tmp_path / "data"
    folder.mkdir()
    splits = ["train"] * 16 + ["val"] * 4 + ["test"] * 4
    rows = [WRITERS[name](folder, f"{n:02d}", draw) | {"split": split} for n, split in enumerate(splits)]
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    parts = {"modality": configs.load(f"modality/{name}"), "recipe": configs.load("recipe/default")}
    config = OmegaConf.create(parts | {"trainer": configs.load("trainer/default"), "logger": "none"})
    common = {"net.plan": "micro:2", "net.head": "pooled", "net.normalize": "dataset", "net.norm": "batch"}
    common |= {"data.root": str(folder), "data.batch_size": 4, "data.num_workers": 0} | OPTIONS[name]
    for key, value in common.items():
        OmegaConf.update(config, f"modality.{key}", value)
    for key, value in {"runs": str(tmp_path / "runs"), "recipe.lr": 0.1, "trainer.max_epochs": 4}.items():
        OmegaConf.update(config, key, value)
    found = settings.resolve(config)
    found.task = MaskOptions(weight=2.0)
    return found


def test_a_mask_is_learned_resumed_judged_and_predicted(wanted: Settings) -> None:
    found = train(wanted)
    run, last = Path(found["run"]), wanted.trainer.max_epochs
    assert found["test_iou"] > 0.5
    assert (found["task"], found["watched"]) == ("mask", "iou")
    assert read_card(run)["task"] == {"name": "mask", "weight": 2.0}
    assert last is not None
    wanted.trainer.max_epochs = last + 1
    assert train(wanted, resume=run)["epochs"] == last + 1
    assert evaluate(wanted, run)["iou"] == pytest.approx(train(wanted, resume=run)["test_iou"])
    files = Path(str(wanted.modality.data.root)).iterdir()
    inputs = [str(path) for path in files if path.stem == "23" and path.suffix != ".npy"]
    (row,) = predict(run, inputs, device="cpu")
    assert list(row) == ["path", "before", "error"]
    assert 0.0 < row["before"] < 1.0


def test_targets_of_a_batch_lie_as_their_inputs(wanted: Settings) -> None:
    data = open_data(wanted.modality, wanted.task, 0)
    data.find()
    for batch in data.train_dataloader():
        x, target = batch.input.float(), batch.target
        if wanted.modality.name == "audio":
            assert abs(x.shape[-1] - target.shape[-1]) <= 1
            loud, length = x.abs() > 0.1, min(x.shape[-1], target.shape[-1])
            assert bool((target[:, :length][loud[:, :length]] == 1).float().mean() > 0.99)
        else:
            grey = x.mean(1)
            assert target.shape == grey.shape
            agree = (grey > 100) == (target == 1)
            assert agree.float().mean() > 0.95  # edges are blurred by the crop


def test_a_mask_of_another_size_is_a_bad_file(wanted: Settings) -> None:
    data = open_data(wanted.modality, wanted.task, 0)
    sample = data.find().splits["train"][0]
    if wanted.modality.name == "audio":
        return  # along time any rate will do
    shape = (8, 8, 8) if wanted.modality.name == "video" else (8, 8)
    if sample.target.endswith(".npy"):
        np.save(sample.target, np.zeros(shape, np.uint8))
    else:
        Image.fromarray(np.zeros(shape, np.uint8)).save(sample.target)
    item = data.dataset("train")[0]
    assert item["input"] is None
    assert "its mask is 8 x 8 pixels, the picture is 32 x 32" in next(iter(item["bad"].values()))
