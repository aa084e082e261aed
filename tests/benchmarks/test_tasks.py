"""benchmarks/tasks.py: its data are what it says, and the page has the table of the results."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


def test_the_page_has_the_table_of_the_results(script: Any) -> None:
    rows = json.loads(script.RESULT.read_text())["rows"]
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.fill(page, rows) == page
    spoken = [row["test_map"] for row in rows if row["data"] == "spoken"]
    assert min(spoken) >= 0.95


def test_a_line_is_the_mean_over_the_runs(script: Any) -> None:
    rows = [
        {"data": "turn", "task": "regress", "modality": "image", "test_rmse": rmse, "test_r2": 0.5, "params": 1000,
         "train_seconds": 10}
        for rmse in (2.0, 4.0)
    ]  # fmt: skip
    line = script.line(rows, "turn")
    assert (line["runs"], line["test"], line["besides"]) == (2, "rmse 3.000 (2 to 4)", "r2 0.500")


def test_turned_digits_are_turned(script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"train": np.arange(3), "val": np.arange(3, 5), "test": np.arange(5, 7)}
    monkeypatch.setattr(script.moving_digits, "split", lambda target: few)
    script.turn(tmp_path, tmp_path)
    with (tmp_path / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["split"] for row in rows] == ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    assert all(-60 <= float(row["degrees"]) <= 60 for row in rows)
    one, other = (np.array(Image.open(tmp_path / row["path"])) for row in rows[:2])  # one digit, two turns
    assert one.shape == (32, 32)
    assert abs(int(one.sum()) - int(other.sum())) < 0.1 * one.sum()
    assert not np.array_equal(one, other)


def test_clicks_come_at_their_tempo(script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "BEATS", {"train": 3, "val": 1, "test": 1})
    script.tempo(tmp_path, tmp_path)
    with (tmp_path / "labels.csv").open() as file:
        for row in csv.DictReader(file):
            wave, rate = script.soundfile.read(tmp_path / row["path"])
            loud = np.abs(wave).reshape(-1, 80).max(1) > 0.1
            clicks = int((loud[1:] & ~loud[:-1]).sum()) + int(loud[0])
            assert clicks == pytest.approx(len(wave) / rate * float(row["beats"]) / 60, abs=1.01)
