"""The work of `vggx summary`: means by hand, intervals by scipy, runs that differ kept apart, and doubt said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from vggx import settings
from vggx.commands.summary.summary import spread, summary
from vggx.options import Settings

MakeRun = Callable[..., Path]
CHANCE = {"split": "test", "path": "a.png", "reason": "not a picture"}


@pytest.fixture
def run(make: Callable[..., Settings], tmp_path: Path) -> MakeRun:
    """run(name, accuracy, summary's other keys as a mapping, dotted keys of the config) -> its folder."""

    def made(name: str, accuracy: float | None, more: dict[str, Any] | None = None, **changes: Any) -> Path:
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(settings.to_yaml(make(**changes)))
        kept = {"test_accuracy": accuracy, "val_accuracy": 0.5, "classes": ["a", "b"], "bad_files": []}
        kept |= {"data": {"files": {"train": 70, "val": 10, "test": 20}}} | (more or {})
        (folder / "summary.json").write_text(json.dumps(kept))
        return folder

    return made


def test_mean_and_deviation_by_hand() -> None:
    found = spread([0.7, 0.8, 0.9])
    assert found["mean"] == pytest.approx(0.8)
    assert found["sd"] == pytest.approx(0.1)  # with n - 1; 0.0816 with n
    assert spread([0.7]) == {"mean": 0.7, "sd": None, "low": None, "high": None}


def test_the_interval_is_scipys_and_the_same_every_time() -> None:
    values = np.random.default_rng(1).uniform(0.6, 0.9, 12).tolist()
    found = spread(values)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=2).confidence_interval
    assert found["low"] == pytest.approx(theirs.low, abs=3e-3)
    assert found["high"] == pytest.approx(theirs.high, abs=3e-3)
    assert found == spread(values)


@pytest.mark.parametrize("normalize", ["dataset", "mean"])
def test_folds_and_seeds_are_one_group(run: MakeRun, tmp_path: Path, normalize: str) -> None:
    accuracies = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    for number, accuracy in enumerate(accuracies):
        fold, seed = 1 + number // 2, number % 2
        # what is measured on a fold's training files is no setting
        run(f"{number}", accuracy, seed=seed, modality__data__fold=fold, modality__net__mean=[0.1 * number + 0.1],
            modality__net__std=[1.0], modality__net__normalize=normalize, runs=f"other{number}")  # fmt: skip
    found = summary([tmp_path / "runs"])
    (group,) = found["groups"]
    assert (group["runs"], group["seeds"], group["folds"]) == (6, 2, 3)
    assert (group["mean"], group["sd"]) == (pytest.approx(0.75), pytest.approx(np.std(accuracies, ddof=1)))
    assert [(row["modality.data.fold"], row["seed"]) for row in found["runs"]] == [
        (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)
    ]  # fmt: skip
    assert found["notes"] == [
        "an interval over fewer than 10 runs is coarse: it never leaves the range of what they gave"
    ]


def test_what_runs_differ_in_besides_makes_groups_and_columns(run: MakeRun, tmp_path: Path) -> None:
    for number, (rate, seed, accuracy) in enumerate([(0.1, 0, 0.6), (0.1, 1, 0.8), (0.01, 0, 0.9), (0.01, 1, 0.9)]):
        run(str(number), accuracy, {"test_macro_f1": accuracy - 0.1}, recipe__lr=rate, seed=seed)
    found = summary([tmp_path / "runs"])
    assert [(g["recipe.lr"], g["runs"], g["mean"], g["sd"]) for g in found["groups"]] == [
        (0.1, 2, pytest.approx(0.7), pytest.approx(0.02**0.5)),
        (0.01, 2, pytest.approx(0.9), 0.0),
    ]
    assert [g["macro_f1"] for g in found["groups"]] == [pytest.approx(0.6), pytest.approx(0.8)]
    assert [row["recipe.lr"] for row in found["runs"]] == [0.1, 0.1, 0.01, 0.01]
    assert "classes" not in found["runs"][0]


def test_statistics_that_a_user_gave_are_a_setting(run: MakeRun, tmp_path: Path) -> None:
    for number in range(2):
        run(str(number), 0.5, modality__net__mean=[0.1 + number], modality__net__std=[1.0], seed=number,
            modality__net__normalize="none")  # fmt: skip
    assert [group["modality.net.mean"] for group in summary([tmp_path / "runs"])["groups"]] == ["[0.1]", "[1.1]"]


def test_a_run_without_a_test_split_counts_by_its_validation_and_by_itself(run: MakeRun, tmp_path: Path) -> None:
    run("a", 0.9, {"bad_files": [CHANCE, {**CHANCE, "split": "train"}]})
    run("b", None, {"data": {"files": {"train": 90, "val": 10, "test": 0}}}, seed=1)
    found = summary([tmp_path / "runs"])
    assert [(group["split"], group["mean"]) for group in found["groups"]] == [("test", 0.9), ("val", 0.5)]
    assert [row["files"] for row in found["runs"]] == [19, 10]


def test_runs_that_cannot_be_counted_are_named_and_left_out(run: MakeRun, tmp_path: Path) -> None:
    good = run("a", 0.9)
    (run("killed", 0.9) / "summary.json").unlink()
    (run("broken", 0.9) / "summary.json").write_text("{")
    (run("odd", 0.9) / "summary.json").write_text('{"test_accuracy": 1.0}')
    (run("unjudged", None, {"val_accuracy": None}) / "config.yaml").write_bytes(b"modality: {name: image}")
    (run("foreign", 0.9) / "config.yaml").write_text("modality: {name: smell}")
    found = summary([tmp_path / "runs"])
    assert [row["run"] for row in found["runs"]] == [str(good)]
    reasons = {Path(each["run"]).name: each["reason"] for each in found["left_out"]}
    assert reasons["killed"] == "it did not end: there is no summary.json"
    assert "is no summary of a run" in reasons["broken"]
    assert "is no summary of a run: KeyError('data')" in reasons["odd"]
    assert "no file was judged" in reasons["unjudged"]
    assert "names the modality 'smell'" in reasons["foreign"]
    with pytest.raises(ValueError, match=r"none of 1 runs can be counted; .*killed: it did not end"):
        summary([tmp_path / "runs" / "killed"])


def test_other_classes_other_data_and_the_same_run_twice_are_said(run: MakeRun, tmp_path: Path) -> None:
    run("a", 0.9)
    run("b", 0.9, {"classes": ["a", "c"]}, seed=1)
    run("c", 0.9, {"data": {"files": {"train": 71, "val": 10, "test": 20}}}, seed=2)
    run("d", 0.9, seed=2)
    notes = "\n".join(summary([tmp_path / "runs"])["notes"])
    assert "runs/b has other classes than" in notes
    assert "runs/c found 101 files and" in notes
    assert "runs/d are the same settings, and each counts" in notes


def test_a_key_that_an_older_run_lacks_is_no_difference(run: MakeRun, tmp_path: Path) -> None:
    older = run("older", 0.8) / "config.yaml"
    older.write_text("".join(line for line in older.read_text().splitlines(keepends=True) if "mixup" not in line))
    run("newer", 0.9, seed=1)
    (group,) = summary([tmp_path / "runs"])["groups"]
    assert group["runs"] == 2


def test_a_run_named_twice_counts_once(run: MakeRun, tmp_path: Path) -> None:
    one, other = run("a", 0.8), run("b", 0.9, seed=1)
    assert len(summary([one, tmp_path / "runs", other])["runs"]) == 2
    assert [row["run"] for row in summary([other])["runs"]] == [str(other)]


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none is not a folder"):
        summary([tmp_path / "none"])
    with pytest.raises(ValueError, match=r"no folder below .* is a run: none has a config.yaml"):
        summary([tmp_path])
