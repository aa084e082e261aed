"""A run: what it learns, what it leaves, and that a resumed one ends where the unbroken one does."""

import csv
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file

from vggx import configs, settings
from vggx.data import datamodule
from vggx.data.batch import collate
from vggx.runner import train as train_module
from vggx.runner.recorder import Recorder
from vggx.runner.run_folder import new_run
from vggx.runner.train import train
from vggx.weights.store import load_net

FILES = {
    "config.yaml", "metrics.csv", "summary.json", "net.safetensors", "net.json", "curves.png", "confusion.png",
    "report.csv", "checkpoints",
}  # fmt: skip
SUMMARY = {
    "modality", "plan", "dims", "params", "macs", "input_shape", "classes", "epochs", "seed", "val_accuracy",
    "test_accuracy", "train_seconds", "samples_per_second", "device", "versions", "bad_files", "best_epoch",
    "trainable_params", "frozen_blocks", "data_share",
}  # fmt: skip


def test_learns_and_leaves_the_promised_files(trained: dict[str, Any]) -> None:
    run = Path(trained["run"])
    assert {path.name for path in run.iterdir()} == FILES
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    summary = json.loads((run / "summary.json").read_text())
    assert summary.keys() >= SUMMARY
    assert summary["test_accuracy"] == 1.0
    assert summary["classes"] == ["lying", "standing"]
    assert summary["input_shape"] == [1, 16, 16]
    assert summary["data"]["files"] == {"train": 48, "val": 16, "test": 16}
    assert summary["bad_files"] == []
    assert (run / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_metrics_has_a_row_an_epoch(trained: dict[str, Any]) -> None:
    rows = list(csv.DictReader((Path(trained["run"]) / "metrics.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    best = max(range(3), key=lambda n: (float(rows[n]["val_accuracy"]), -float(rows[n]["val_loss"])))
    assert trained["best_epoch"] == best + 1
    assert trained["val_accuracy"] == float(rows[best]["val_accuracy"])
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])


def test_waiting_for_data_is_told_of_every_epoch_and_of_the_run(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three batches an epoch, each of which takes 0.1 seconds to collate."""

    def slow(*given: Any, **more: Any) -> Any:
        time.sleep(0.1)
        return collate(*given, **more)

    monkeypatch.setattr(datamodule, "collate", slow)
    found = train(make(trainer__max_epochs=2))
    rows = list(csv.DictReader((Path(found["run"]) / "metrics.csv").open()))
    waited = [float(row["data_seconds"]) for row in rows]
    assert all(0.3 <= seconds <= float(row["seconds"]) for seconds, row in zip(waited, rows, strict=True))
    assert found["data_share"] == pytest.approx(sum(waited) / found["train_seconds"], abs=5e-3)


def test_report_counts_every_class(trained: dict[str, Any]) -> None:
    rows = list(csv.DictReader((Path(trained["run"]) / "report.csv").open()))
    assert [row["class"] for row in rows] == ["lying", "standing"]
    assert [row["files"] for row in rows] == ["8", "8"]
    assert all(float(row["f1"]) == 1.0 for row in rows)


def test_the_saved_net_is_the_best_epochs(trained: dict[str, Any]) -> None:
    run = Path(trained["run"])
    best = torch.load(run / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
    saved = load_file(run / "net.safetensors")
    assert saved.keys() == {name.removeprefix("net.") for name in best if name.startswith("net.")}
    assert all(torch.equal(saved[name], best[f"net.{name}"]) for name in saved)


def test_the_card_tells_how_to_feed_the_net(trained: dict[str, Any]) -> None:
    card = json.loads((Path(trained["run"]) / "net.json").read_text())
    assert card["modality"] == "image"
    assert (card["plan"], card["dims"], card["grid"]) == ("micro", 2, [2, 2])
    assert card["classes"] == ["lying", "standing"]
    assert card["input"] == {
        "shape": [1, 16, 16],
        "axes": ["channels", "height", "width"],
        "values": "grey bytes 0..255, or floats 0..1",
    }
    assert card["data"] == {"size": 16, "channels": 1, "resize": 16}
    net, _, _ = load_net(trained["run"])
    assert net.normalise.mean.tolist() == pytest.approx(card["net"]["mean"])
    assert not net.training


def test_the_config_holds_plain_resolved_values(trained: dict[str, Any]) -> None:
    text = (Path(trained["run"]) / "config.yaml").read_text()
    assert "_target_" not in text
    values = settings.read_run(trained["run"])
    assert values["modality"]["net"]["norm"] == "batch"
    assert values["modality"]["net"]["mean"] is not None
    assert values["trainer"]["max_epochs"] == 3


def test_the_same_seed_gives_the_same_run_and_another_does_not(make: Any, trained: dict[str, Any]) -> None:
    again, other = train(make(modality__data__num_workers=2)), train(make(seed=1))
    weights = [load_file(Path(run["run"]) / "net.safetensors") for run in (trained, again, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert any(not torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
    assert len({run["run"] for run in (trained, again, other)}) == 3


@pytest.mark.parametrize(
    ("schedule", "workers", "tuned"),
    [
        ("cosine", 0, {}),
        ("plateau", 0, {}),
        ("cosine", 2, {}),
        ("cosine", 0, {"freeze": 1, "recipe__layer_decay": 0.5}),
        ("plateau", 0, {"freeze": 1, "recipe__layer_decay": 0.5}),
    ],
)
def test_a_resumed_run_ends_bit_for_bit_where_the_unbroken_one_does(
    make: Any, schedule: str, workers: int, tuned: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # dropout and mixup draw from the random states that the checkpoint must hold; patience 0 makes plateau act
    changes = {"recipe__schedule": schedule, "recipe__patience": 0, "modality__net__dropout": 0.3, "seed": 5}
    changes |= {"modality__data__num_workers": workers, "recipe__mixup": 0.2, **tuned}
    whole = train(make(**changes))
    end_of_epoch = Recorder.on_train_epoch_end
    folders = []

    def broken(self: Recorder, trainer: Any, module: Any) -> None:
        end_of_epoch(self, trainer, module)
        folders.append(self.folder)
        if trainer.current_epoch == 1:
            raise ConnectionError("pulled the plug")

    monkeypatch.setattr(Recorder, "on_train_epoch_end", broken)
    with pytest.raises(ConnectionError):
        train(make(**changes))
    monkeypatch.setattr(Recorder, "on_train_epoch_end", end_of_epoch)
    torch.manual_seed(12345)  # whatever the new process has drawn
    resumed = train(resumed_settings(folders[0]), resume=folders[0])

    assert resumed["run"] == str(folders[0])
    ends = [torch.load(Path(run["run"]) / "checkpoints/last.ckpt", weights_only=True) for run in (whole, resumed)]
    assert all(torch.equal(ends[0]["state_dict"][k], ends[1]["state_dict"][k]) for k in ends[0]["state_dict"])
    moments = [[slot["momentum_buffer"] for slot in end["optimizer_states"][0]["state"].values()] for end in ends]
    assert all(torch.equal(a, b) for a, b in zip(*moments, strict=True))
    rows = [list(csv.DictReader((Path(run["run"]) / "metrics.csv").open())) for run in (whole, resumed)]
    assert len(rows[0]) == 3
    times = ("seconds", "data_seconds")
    assert [{k: v for k, v in row.items() if k not in times} for row in rows[0]] == [
        {k: v for k, v in row.items() if k not in times} for row in rows[1]
    ]
    if schedule == "plateau":
        assert float(rows[0][-1]["lr"]) < 0.05
    assert whole["test_loss"] == resumed["test_loss"]


def resumed_settings(folder: Path, **changes: Any) -> Any:
    names = ("recipe", "trainer")
    packaged = {name: configs.load(f"{name}/default") for name in names}
    values = settings.read_run(folder)
    config = OmegaConf.merge({"modality": configs.load(f"modality/{values['modality']['name']}"), **packaged}, values)
    for key, value in changes.items():
        OmegaConf.update(config, key.replace("__", "."), value)
    return settings.resolve(config)


def test_a_checkpoint_older_than_an_option_is_resumed_by_its_default(make: Any) -> None:
    run = Path(train(make(trainer__max_epochs=1))["run"])
    saved = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    del saved["card"]["net"]["activation"]
    torch.save(saved, run / "checkpoints/last.ckpt")
    with pytest.raises(ValueError, match=r"modality\.net\.activation=leaky_relu: the checkpoint's net has relu"):
        train(resumed_settings(run, modality__net__activation="leaky_relu"), resume=run)
    assert train(resumed_settings(run, trainer__max_epochs=2), resume=run)["epochs"] == 2


def test_resume_with_another_plan_or_class_list_names_it(trained: dict[str, Any], make: Any, tmp_path: Path) -> None:
    run = Path(trained["run"])
    with pytest.raises(ValueError, match=r"checkpoint's plan is micro, the net's is mini"):
        train(resumed_settings(run, modality__net__plan="mini"), resume=run)
    with pytest.raises(ValueError, match=r"is not in the class list|is a class that is not"):
        train(resumed_settings(run, modality__data__classes=["lying", "sitting"]), resume=run)
    assert settings.read_run(run)["modality"]["net"]["plan"] == "micro"  # the folder is as it was
    with pytest.raises(FileNotFoundError, match=r"no checkpoints/last\.ckpt"):
        train(make(), resume=tmp_path)


def test_no_validation_split_keeps_the_last_epoch(make: Any, shapes: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "labels.csv"
    names = [f"{label}/{n:02d}.png" for label in ("lying", "standing") for n in range(8)]
    manifest.write_text("path,label\n" + "".join(f"{shapes}/train/{n},{n.split('/')[0]}\n" for n in names))
    changes = {"modality__data__root": None, "modality__data__manifest": str(manifest), "trainer__max_epochs": 2}
    summary = train(make(**changes, modality__data__val_share=0.0, modality__data__follow_links=True))
    assert summary["data"]["source"] == "manifest"
    assert summary["val_accuracy"] is None
    assert summary["test_accuracy"] is None
    assert summary["best_epoch"] == 2


def test_unreadable_files_are_replaced_counted_and_listed(make: Any, shapes: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "labels.csv"
    (tmp_path / "empty.png").touch()
    (tmp_path / "words.png").write_text("not an image")
    labels = ("lying", "standing")
    rows = [f"{shapes}/train/{label}/{n:02d}.png,{label},train" for label in labels for n in range(16)]
    rows += [f"{shapes}/val/{label}/{n:02d}.png,{label},val" for label in labels for n in range(4)]
    rows += ["empty.png,lying,train", "words.png,standing,test", f"{shapes}/test/lying/00.png,lying,test"]
    manifest.write_text("path,label,split\n" + "\n".join(rows) + "\n")
    changes = {
        "modality__data__root": str(tmp_path),
        "modality__data__follow_links": True,
        "trainer__max_epochs": 1,
    }
    summary = train(make(**changes, modality__data__bad_limit=0.5))
    assert [(bad["split"], Path(bad["path"]).name) for bad in summary["bad_files"]] == [
        ("train", "empty.png"),
        ("test", "words.png"),
    ]
    assert "0 bytes" in summary["bad_files"][0]["reason"]
    with pytest.raises(ValueError, match=r"1 of 33 train files cannot be read, more than modality.data.bad_limit=0.01"):
        train(make(**changes, modality__data__bad_limit=0.01))
    with pytest.raises(ValueError, match=r"empty\.png: is empty"):
        train(make(**changes, modality__data__on_error="raise"))


def test_a_deterministic_run_asks_for_its_kernels_once_its_input_is_measured(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measuring takes batches that lie on the CPU; asking takes the net to its device."""
    asked: list[tuple[list[float], torch.Size]] = []
    real = train_module.hazards.check_deterministic

    def asking(net: Any, x: torch.Tensor) -> None:
        asked.append((net.normalise.mean.tolist(), x.shape))
        real(net, x)

    monkeypatch.setattr(train_module.hazards, "check_deterministic", asking)
    try:
        found = train(make(trainer__deterministic=True))
    finally:
        torch.use_deterministic_algorithms(False)  # Lightning leaves the process so
    assert found["test_accuracy"] == 1.0
    ((mean, shape),) = asked
    assert mean != [0.0]
    assert shape == (1, 1, 16, 16)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_clipped_in_every_precision(make: Any, precision: str) -> None:
    """A fused step would not let Lightning do so in mixed precision."""
    found = train(make(trainer__gradient_clip_val=1e-9, trainer__precision=precision, trainer__max_epochs=1))
    assert found["test_accuracy"] < 1.0  # with next to no gradients nothing is learned


def test_a_loss_that_is_no_number_stops_the_run_and_says_what_to_do(make: Any) -> None:
    with pytest.raises(FloatingPointError, match=r"training loss became (nan|inf) in epoch 1, .*lower recipe.lr"):
        train(make(recipe__lr=1e30, modality__net__norm="none"))


def test_a_dollar_in_a_class_name_and_folders_in_capitals(make: Any, shapes: Path, tmp_path: Path) -> None:
    for split in ("Train", "VAL", "Test"):
        for name, source in {"$1 $x_{": "lying", "two": "standing"}.items():
            (tmp_path / split / name).mkdir(parents=True)
            for file in (shapes / split.lower() / source).iterdir():
                (tmp_path / split / name / file.name).hardlink_to(file)
    summary = train(make(modality__data__root=str(tmp_path), trainer__max_epochs=1))
    assert summary["data"]["files"] == {"train": 48, "val": 16, "test": 16}
    assert (Path(summary["run"]) / "confusion.png").is_file()


def test_a_bad_test_split_does_not_cost_the_net(make: Any, shapes: Path, tmp_path: Path) -> None:
    rows = [
        f"{shapes}/{s}/{k}/{n:02d}.png,{k},{s}"
        for s in ("train", "val")
        for k in ("lying", "standing")
        for n in range(8)
    ]
    (tmp_path / "empty.png").touch()
    (tmp_path / "labels.csv").write_text("path,label,split\n" + "\n".join([*rows, "empty.png,lying,test"]) + "\n")
    given = {"modality__data__root": str(tmp_path), "modality__data__follow_links": True}
    with pytest.raises(ValueError, match="none of the test files can be read"):
        train(make(**given, trainer__max_epochs=1, runs=str(tmp_path / "runs")))
    (run,) = (tmp_path / "runs/image").iterdir()
    _, _, card = load_net(run)
    assert card["classes"] == ["lying", "standing"]


def test_limits_that_leave_nothing_and_a_plateau_without_validation_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="must leave a batch or more"):
        train(make(trainer__limit_val_batches=0))
    changed = make(recipe__schedule="plateau", modality__data__val_share=0.0, modality__data__test_share=0.0)
    changed.modality.data.root = str(Path(changed.modality.data.root) / "train")
    with pytest.raises(ValueError, match="there is no validation split"):
        train(changed)


def test_a_class_without_a_training_file_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="no training file is of the class sitting"):
        train(make(modality__data__classes=["lying", "sitting", "standing"]))


def test_a_failing_config_leaves_no_run_folder(make: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no plan is called 'Z'"):
        train(make(modality__net__plan="Z", runs=str(tmp_path / "runs")))
    with pytest.raises(ValueError, match="precision must be one of"):
        train(make(trainer__precision="8", runs=str(tmp_path / "runs")))
    assert not (tmp_path / "runs").exists()


def test_a_run_never_takes_anothers_folder(tmp_path: Path) -> None:
    made = [new_run(str(tmp_path), "video", job) for job in (None, None, 3, 3)]
    assert len(set(made)) == 4
    assert all(folder.is_dir() and folder.parent == tmp_path / "video" for folder in made)
    assert made[2].name.endswith("-3")


def test_a_strategy_that_would_lose_the_records_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"trainer\.strategy=ddp_spawn .* take ddp"):
        train(make(trainer__strategy="ddp_spawn"))


def test_versions_name_what_ran(trained: dict[str, Any]) -> None:
    assert trained["versions"]["torch"] == torch.__version__.split("+")[0]
    assert trained["versions"].keys() == {"python", *train_module.VERSIONS}


def test_what_a_killed_run_was_writing_is_removed_when_it_is_resumed(trained: dict[str, Any], tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained["run"], tmp_path / "run"))
    half, own = run / "checkpoints/.writing-last.x.ckpt", run / ".notes.txt"
    half.write_bytes(b"half")
    own.write_text("the user's")
    train(resumed_settings(run), resume=run)
    assert own.is_file()
    assert not half.exists()
