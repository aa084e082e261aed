"""The command, called in this process as its entry point is; and small real runs, made once for all tests."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from vggx import configs, settings
from vggx.cli import main
from vggx.options import Settings
from vggx.runner.train import train

Make = Callable[..., Settings]


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Vggx = Callable[..., Answer]


@pytest.fixture
def vggx(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Vggx:
    """vggx("train", "modality=image", ...) in an empty folder -> its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["vggx", *words])
        code = main()
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 16 x 16 grey images: bars that lie or stand, at random places, with noise; easy to learn."""
    root = tmp_path_factory.mktemp("shapes")
    draw = np.random.default_rng(0)
    for split, count in {"train": 24, "val": 8, "test": 8}.items():
        for label in ("lying", "standing"):
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                image = draw.integers(0, 60, (16, 16), dtype=np.uint8)
                place = int(draw.integers(2, 12))
                image[place : place + 3, :] = 220
                Image.fromarray(image if label == "lying" else image.T).save(folder / f"{number:02d}.png")
    return root


@pytest.fixture(scope="session")
def make(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Settings of a quick run on the shapes; keyword arguments are dotted keys with `__` for the dot."""
    runs = tmp_path_factory.mktemp("runs")

    def settings_with(**changes: Any) -> Settings:
        config = OmegaConf.create(
            {
                "modality": configs.load(f"modality/{changes.pop('modality', 'image')}"),
                "recipe": configs.load("recipe/default"),
                "trainer": configs.load("trainer/default"),
                "seed": 0,
                "runs": str(runs),
                "logger": "none",
            }
        )
        common = {
            "modality.data.root": str(shapes),
            "modality.data.size": 16,
            "modality.data.resize": 16,
            "modality.data.channels": 1,
            "modality.data.batch_size": 16,
            "modality.data.num_workers": 0,
            "modality.data.flip": False,
            "modality.net.plan": "micro",
            "modality.net.head": "pooled",
            "modality.net.normalize": "dataset",
            "recipe.lr": 0.05,
            "trainer.max_epochs": 3,
        }
        changes = {key.replace("__", "."): value for key, value in changes.items()}
        for key, value in (common | changes).items():
            OmegaConf.update(config, key, value)
        return settings.resolve(config)

    return settings_with


@pytest.fixture(scope="session")
def trained(make: Make) -> dict[str, Any]:
    """The summary of a run of three epochs."""
    return train(make())
