"""Runs of task=tag and task=regress, from the data set to predictions: what they learn, keep, resume and tell."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from vggx.commands.data_stats.stats import stats
from vggx.commands.inflate.inflate import inflate
from vggx.commands.summary.summary import summary
from vggx.options import RegressOptions, Settings, TagOptions
from vggx.runner.evaluate import ProtocolOptions, evaluate
from vggx.runner.linear import linear
from vggx.runner.predict import predict
from vggx.runner.recorder import Recorder
from vggx.runner.train import train
from vggx.weights.source import read_weights
from vggx.weights.store import load_net, read_card

FILES = {"train": 32, "val": 12, "test": 12}
TASKS = {"tag": TagOptions(), "regress": RegressOptions(loss="huber")}


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with a lying bar, a standing one, both or none, of some brightness."""
    root = tmp_path_factory.mktemp("bars")
    draw, rows = np.random.default_rng(0), []
    for split, count in FILES.items():
        for number in range(count):
            bright, picture, labels = int(draw.integers(80, 255)), np.zeros((16, 16), np.uint8), []
            if number % 2:
                picture[int(draw.integers(1, 12)) :][:3] = bright
                labels.append("lying")
            if number // 2 % 2:
                picture.T[int(draw.integers(1, 12)) :][:3] = bright
                labels.append("standing")
            name = f"{split}{number}.png"
            Image.fromarray(picture).save(root / name)
            row = {"path": name, "label": ";".join(labels) or ";", "split": split, "mean": f"{picture.mean():.3f}"}
            rows.append(row | {"half": f"{picture.mean() / 2:.3f}"})
    with (root / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root


Set = Callable[..., Settings]


@pytest.fixture(scope="module")
def settings_of(make: Any, bars: Path) -> Set:
    def made(task: str, **changes: Any) -> Settings:
        settings: Settings = make(modality__data__root=str(bars), **changes)
        settings.task = TASKS[task]
        if task == "regress":
            settings.modality.data.label_columns = ["mean", "half"]
        return settings

    return made


@pytest.fixture(scope="module")
def runs(settings_of: Set) -> dict[str, dict[str, Any]]:
    return {task: train(settings_of(task, trainer__max_epochs=6)) for task in TASKS}


def rows_of(run: str) -> list[dict[str, str]]:
    with (Path(run) / "metrics.csv").open() as file:
        return [{name: value for name, value in row.items() if "seconds" not in name} for row in csv.DictReader(file)]


def test_a_tag_run(runs: dict[str, Any]) -> None:
    found, card = runs["tag"], read_card(Path(runs["tag"]["run"]))
    assert found["test_map"] > 0.9
    assert (found["task"], found["watched"], found["classes"]) == ("tag", "map", ["lying", "standing"])
    assert found["val_map"] == max(float(row["val_map"]) for row in rows_of(found["run"]))
    assert (card["classes"], list(card["task"])) == (["lying", "standing"], ["name", "thresholds"])
    for name in ("report.csv", "precision.png", "curves.png"):
        assert (Path(found["run"]) / name).is_file()


def test_a_regress_run(runs: dict[str, Any], bars: Path) -> None:
    found, card = runs["regress"], read_card(Path(runs["regress"]["run"]))
    assert found["test_rmse"] < 0.75  # of a standard deviation, where the mean of all is off by 1
    assert found["val_rmse"] == min(float(row["val_rmse"]) for row in rows_of(found["run"]))
    with (bars / "labels.csv").open() as file:
        means = [float(row["mean"]) for row in csv.DictReader(file) if row["split"] == "train"]
    assert card["task"]["mean"][0] == pytest.approx(np.mean(means))
    assert card["task"]["std"][0] == pytest.approx(np.std(means))
    assert (card["task"]["names"], card["task"]["loss"], "classes" in card) == (["mean", "half"], "huber", False)
    assert (Path(found["run"]) / "scatter.png").is_file()


@pytest.mark.parametrize("task", list(TASKS))
def test_a_resumed_run_ends_where_the_unbroken_one_does(
    settings_of: Set, runs: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    end_of_epoch = Recorder.on_train_epoch_end

    def broken(self: Recorder, trainer: Any, module: Any) -> None:
        end_of_epoch(self, trainer, module)
        if len(self.history) == 3:
            raise KeyboardInterrupt

    settings = settings_of(task, trainer__max_epochs=6, runs=str(tmp_path))
    monkeypatch.setattr(Recorder, "on_train_epoch_end", broken)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(settings)
    monkeypatch.setattr(Recorder, "on_train_epoch_end", end_of_epoch)
    (folder,) = (tmp_path / "image").iterdir()
    resumed = train(settings, resume=folder)
    whole = Path(runs[task]["run"])
    assert rows_of(str(folder)) == rows_of(str(whole))
    assert read_card(folder)["task"] == read_card(whole)["task"]
    assert resumed[f"test_{resumed['watched']}"] == runs[task][f"test_{resumed['watched']}"]
    before, after = (
        torch.load(each / "checkpoints/last.ckpt", weights_only=True)["state_dict"] for each in (whole, folder)
    )
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_run_goes_on_with_its_task(settings_of: Set, runs: dict[str, Any]) -> None:
    folder, settings = Path(runs["regress"]["run"]), settings_of("regress")
    settings.task = RegressOptions()
    with pytest.raises(ValueError, match=r"task\.loss=mse: the run was begun with huber and goes on with it"):
        train(settings, resume=folder)


@pytest.mark.parametrize("task", list(TASKS))
def test_the_test_files_are_judged_again_as_they_were(settings_of: Set, runs: dict[str, Any], task: str) -> None:
    run = runs[task]
    found = evaluate(settings_of(task), Path(run["run"]))
    watched = run["watched"]
    assert found[watched] == pytest.approx(run[f"test_{watched}"], rel=1e-6)
    assert found["loss"] == pytest.approx(run["test_loss"], rel=1e-5)
    assert json.loads((Path(run["run"]) / "evaluate_test.json").read_text())[watched] == found[watched]
    assert (Path(run["run"]) / "evaluate_test_report.csv").is_file()
    assert not (Path(run["run"]) / "protocols_test.json").exists()


def test_predictions_are_the_reports(runs: dict[str, Any], bars: Path) -> None:
    inputs = [str(bars / f"test{n}.png") for n in range(12)] + ["nowhere.png"]
    *tags, missing = predict(runs["tag"]["run"], inputs, device="cpu")
    assert missing == {"path": "nowhere.png", "labels": [], "scores": {}, "error": "nowhere.png: does not exist"}
    cuts = read_card(Path(runs["tag"]["run"]))["task"]["thresholds"]
    for row in tags:
        above = {name for name, cut in zip(row["scores"], cuts, strict=True) if row["scores"][name] >= cut}
        assert set(row["labels"]) == above
    numbers = predict(runs["regress"]["run"], inputs[:12], device="cpu")
    with (bars / "labels.csv").open() as file:
        truth = {row["path"]: float(row["mean"]) for row in csv.DictReader(file)}
    wrong = [row["numbers"]["mean"] - truth[Path(row["path"]).name] for row in numbers]
    rmse = float(np.sqrt(np.mean(np.square(wrong))))
    assert rmse == pytest.approx(runs["regress"]["test_rmse_mean"], rel=1e-3)


def test_what_a_data_set_of_them_holds(settings_of: Set) -> None:
    tags, files = stats(settings_of("tag"), measured=False)
    assert tags["classes"][0] == {"class": "lying", "train": 16, "val": 6, "test": 6}
    assert {row["class"] for row in files} == {"none", "lying", "standing", "lying; standing"}
    numbers, _ = stats(settings_of("regress"), measured=False)
    assert numbers["targets"] == "2 numbers a file (mean, half)"
    assert numbers["classes"][1]["train_mean"] == pytest.approx(numbers["classes"][0]["train_mean"] / 2, rel=1e-3)


def test_mixed_pictures_have_mixed_targets(settings_of: Set) -> None:
    for task in TASKS:
        found = train(settings_of(task, trainer__max_epochs=1, recipe__mixup=0.4, recipe__cutmix=1.0))
        assert found["epochs"] == 1


def test_a_plateau_waits_for_less_where_less_is_better(settings_of: Set) -> None:
    changes = {"recipe__schedule": "plateau", "recipe__patience": 0, "recipe__lr": 1e-9, "recipe__drops": 1}
    found = train(settings_of("regress", trainer__max_epochs=9, **changes))
    rmse = [float(row["val_rmse"]) for row in rows_of(found["run"])]
    stalls = sum(later >= min(rmse[: place + 1]) * (1 - 1e-4) for place, later in enumerate(rmse[1:]))
    assert found["epochs"] == len(rmse) < 9
    assert stalls == 2


def test_commands_of_classes_refuse_by_name(settings_of: Set, runs: dict[str, Any], tmp_path: Path) -> None:
    run = Path(runs["tag"]["run"])
    with pytest.raises(ValueError, match=r"task=tag: vggx evaluate protocol=dense judges classes"):
        evaluate(settings_of("tag"), run, options=ProtocolOptions("dense"))
    with pytest.raises(ValueError, match=r"task=tag: vggx evaluate time_probe=true judges classes"):
        evaluate(settings_of("tag"), run, time_probe=True)
    with pytest.raises(ValueError, match=r"task=tag: vggx linear judges classes"):
        linear(settings_of("tag"), run, tmp_path)
    with pytest.raises(ValueError, match=r"only scores of one task can be averaged"):
        evaluate(settings_of("tag"), [run, Path(runs["regress"]["run"])])


def test_an_inflated_net_is_still_of_its_task(runs: dict[str, Any], bars: Path, tmp_path: Path) -> None:
    for task, run in runs.items():
        target = tmp_path / f"{task}.safetensors"
        weights = read_weights(run["run"])
        modality = load_net(run["run"])[1]
        inflate(modality, weights, target, init="center")
        assert read_card(target)["task"] == read_card(Path(run["run"]))["task"]
        before, after = (predict(net, [str(bars / "test0.png")], device="cpu") for net in (run["run"], target))
        assert before == after


def test_runs_of_other_tasks_have_no_accuracy_to_sum_up(runs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="task=tag: vggx summary judges classes"):
        summary([Path(runs["tag"]["run"])])
