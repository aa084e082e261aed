"""`vggx data stats`, as it is called."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest


def test_stats_as_a_table(vggx: Any, bars: Path) -> None:
    words = ["data", "stats", "modality=image", f"modality.data.root={bars}", "modality.data.size=32"]
    answer = vggx(*words, "modality.data.num_workers=0", "modality.net.plan=micro")
    assert answer.code == 0, answer.err
    assert "[bold]" in answer.out  # as it is called, and not as markup
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in answer.out.splitlines() if "│" in line]
    assert ["width", "32", "32", "32", "32"] in cells
    assert ["height", "40", "40", "40", "40"] in cells
    assert ["mode", "L", "24", "1"] in cells
    assert "1 unreadable files:\n" in answer.out
    assert f"{bars}/$x$/nothing.png: is empty (0 bytes)" in answer.out
    assert f"{bars} (source folder): 2 classes, " in answer.out
    assert "input of the net over the training split: mean 0." in answer.out


def test_stats_as_json_and_csv(vggx: Any, bars: Path) -> None:
    words = ["data", "stats", "modality=image", f"modality.data.root={bars}", "measure=false"]
    summary = json.loads(vggx(*words, "format=json").out)
    assert sum(summary["files"].values()) == 25
    assert [row["class"] for row in summary["classes"]] == ["$x$", "[bold]"]
    assert summary["unreadable"][0]["path"] == f"{bars}/$x$/nothing.png"
    rows = list(csv.DictReader(io.StringIO(vggx(*words, "format=csv").out)))
    assert len(rows) == 25
    assert list(rows[0]) == ["path", "split", "class", "group", "width", "height", "mode", "error"]
    assert {row["error"] for row in rows} == {"", f"{bars}/$x$/nothing.png: is empty (0 bytes)"}
    assert vggx(*words, "format=json", "output=a.json").out == ""
    assert json.loads(Path("a.json").read_text()) == summary
    refused = vggx(*words, "output=a.txt")
    assert refused.code == 1
    assert "output=FILE goes with format=json, csv or markdown" in refused.err


def test_an_experiment_brings_its_options(vggx: Any) -> None:
    answer = vggx("data", "stats", "experiment=digits", "measure=false", "format=json")
    assert json.loads(answer.out)["files"] == {"train": 1257, "val": 270, "test": 270}
    assert "size: 28" in vggx("data", "preview", "experiment=fashion_mnist", "--cfg", "job").out


def test_of_a_run_the_data_and_options_are_those_it_was_trained_with(vggx: Any) -> None:
    quick = ["trainer.max_epochs=1", "trainer.limit_train_batches=1", "modality.data.num_workers=0", "logger=none"]
    assert vggx("train", "modality=audio", "modality.net.mels=20", *quick).code == 0
    (run,) = Path("runs/audio").iterdir()
    card = json.loads((run / "net.json").read_text())
    summary = json.loads(vggx("data", "stats", f"run={run}", "format=json").out)
    assert summary["source"] == "tones"
    # measured anew over the same files
    assert summary["input"]["mean"] == pytest.approx(card["net"]["mean"], rel=1e-6)
    assert summary["input"]["std"] == pytest.approx(card["net"]["std"], rel=1e-6)
    answer = vggx("data", "preview", f"run={run}", "count=1", "output=run.svg", "split=test")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "1 test samples: run.svg")
    drawn = Path("run.svg").read_text()
    assert "audio, test: 1 of 200 samples" in drawn
    assert "of these clips alone" not in drawn  # but the run's
