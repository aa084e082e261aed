"""docs/add_a_task.md is true: its code is a task that trains, is judged and predicts."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from vggx import configs, settings, tasks
from vggx.runner.evaluate import evaluate
from vggx.runner.predict import predict
from vggx.runner.train import train

PAGE = Path(__file__).parents[1] / "docs/add_a_task.md"


def test_the_page_is_one_screen() -> None:
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 70


def test_its_task_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TASKS", dict(tasks.TASKS))
    said: dict[str, Any] = {"__name__": __name__}
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    exec(found[1], said)
    draw, rows = np.random.default_rng(0), []
    for number in range(48):
        picture, count = np.zeros((24, 24), np.uint8), int(draw.integers(0, 6))
        for place in draw.choice(16, count, replace=False):
            picture[place // 4 * 6 :, place % 4 * 6 :][1:5, 1:5] = 220
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
        split = "train" if number < 32 else "val" if number < 40 else "test"
        rows.append({"path": f"{number}.png", "things": count, "split": split})
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    parts = {"modality": "modality/image", "recipe": "recipe/default", "trainer": "trainer/default"}
    config = OmegaConf.create({part: configs.load(name) for part, name in parts.items()} | {"logger": "none"})
    data = {"root": str(tmp_path), "size": 24, "resize": 24, "channels": 1, "flip": False, "crop_scale": [1.0, 1.0]}
    data |= {"label_columns": ["things"], "batch_size": 8, "num_workers": 0}
    net = {"plan": "micro", "head": "pooled", "normalize": "dataset", "norm": "batch"}
    for part, values in {
        "modality.data": data,
        "modality.net": net,
        "recipe": {"optimizer": "adamw", "lr": 0.01},
    }.items():
        OmegaConf.update(config, part, values)
    OmegaConf.update(config, "trainer.max_epochs", 12)
    wanted = settings.resolve(config)
    wanted.runs, wanted.task = str(tmp_path / "runs"), said["CountOptions"](full=True)
    summary = train(wanted)
    assert summary["test_mae"] < 1.2  # the mean of the training files is off by 1.5
    assert evaluate(wanted, Path(summary["run"]))["mae"] == pytest.approx(summary["test_mae"], rel=1e-5)
    (row,) = predict(summary["run"], [str(tmp_path / "40.png")], device="cpu")
    assert row["error"] is None
    assert row["count"] > 0
