"""The command line as a user types it: help, mistakes, and the way from training to a prediction."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

QUICK = ("trainer.max_epochs=1", "trainer.limit_train_batches=4", "modality.data.num_workers=0", "logger=none")
COMMANDS = {"train", "evaluate", "predict", "cost"}


def test_help_answers_in_a_second_without_torch() -> None:
    code = "import sys; from vggx.cli import main; main(); sys.exit('torch' in sys.modules)"
    best = 9.0
    for _ in range(3):
        before = os.times()
        done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True)
        after = os.times()  # of a processor of its own, whoever shares this one
        best = min(best, sum(after[2:4]) - sum(before[2:4]))
        assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) >= COMMANDS
    assert best < 1


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_commands_help_shows_keys_groups_and_examples(vggx: Any, command: str) -> None:
    answer = vggx(command, "--help")
    assert answer.code == 0
    assert f"vggx {command} " in answer.out
    if command != "predict":
        assert "modality = audio | image | video" in answer.out
        assert "modality.net.plan = null" in answer.out
    if command == "train":
        assert "trainer.precision = null" in answer.out
        assert "experiment = " in answer.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "there is no command 'trian'; did you mean train?"),
        (["train"], "modality=... or experiment=... or resume=... is required (modalities: audio, image, video)"),
        (["train", "modalty=video"], "there is no key 'modalty'; did you mean modality?"),
        (["evaluate"], "run=... or runs=... is required"),
        (["predict", "run=x"], "inputs=... is required"),
        (["train", "modality=vido"], "there is no modality=vido; did you mean video?"),
        (["train", "modality=video", "modality.net.pln=D"], "'modality.net.pln'; did you mean modality.net.plan?"),
        (["train", "modality=video", "plan=D"], "there is no key 'plan'; did you mean modality.net.plan?"),
        (["train", "modality=image", "modality.data.frames=8"], "there is no key 'modality.data.frames'"),
        (["train", "modality=video", "modality.data.frames=many"], "could not be converted to Integer"),
        (["train", "modality=image", "recipe=adamv"], "there is no recipe=adamv; did you mean adamw?"),
        (["cost", "modality=image", "formt=json"], "there is no key 'formt'; did you mean format?"),
    ],
)
def test_a_mistake_is_answered_with_the_nearest_right_word(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx(*words)
    assert answer.code == 2
    assert message in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["modality.data.root=no such folder"], "modality.data.root=no such folder is not a folder"),
        (["modality.net.plan=F"], "no plan is called 'F'"),
        (["modality.net.norm=layer"], "norm must be none or one of batch, not 'layer'"),
        (["recipe.optimizer=adma"], "recipe.optimizer must be one of sgd, adamw, not 'adma'"),
        (["modality.data.source=cifar10"], "modality.data.source=cifar10 needs modality.data.root=FOLDER"),
        (["modality.net.plan=D", "modality.data.size=16", "modality.data.resize=16"], "Give at least 32"),
        (["logger=tensorbord"], "logger must be one of tensorboard, wandb, mlflow, none"),
        (["logger=wandb"], "logger=wandb needs its package: pip install wandb"),
    ],
)
def test_a_wrong_value_is_named_before_anything_is_written(
    vggx: Any, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vggx.runner.trainer.find_spec", lambda name: None)  # as where neither is installed
    answer = vggx("train", "modality=image", *QUICK[:3], *words)
    assert answer.code == 1
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert not Path("runs").exists()


def test_cfg_job_shows_the_config_and_trains_nothing(vggx: Any, tmp_path: Path) -> None:
    answer = vggx("train", "modality=video", "modality.net.plan=E", "--cfg", "job")
    assert answer.code == 0
    assert "plan: E" in answer.out
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def audio_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick run on the embedded tones, made by the command in a process of its own."""
    folder = tmp_path_factory.mktemp("audio run")
    words = ["train", "modality=audio", "seed=7", "trainer.max_epochs=2", *QUICK[2:]]
    done = subprocess.run([sys.executable, "-m", "vggx", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} == {"runs"}  # and no outputs/ of Hydra's
    (run,) = (folder / "runs/audio").iterdir()
    assert f"run: runs/audio/{run.name}" in done.stdout
    return run


def test_evaluate_gives_the_accuracy_of_the_summary(vggx: Any, audio_run: Path) -> None:
    answer = vggx("evaluate", f"run={audio_run}", "modality.data.num_workers=0")
    assert answer.code == 0, answer.err
    found = json.loads((audio_run / "evaluate_test.json").read_text())
    summary = json.loads((audio_run / "summary.json").read_text())
    assert found["accuracy"] == summary["test_accuracy"]
    assert found["files"] == 200
    assert (audio_run / "evaluate_test_report.csv").is_file()
    other = vggx("evaluate", f"run={audio_run}", "modality.data.sample_rate=16000")
    assert "modality.data.sample_rate=16000: the net of" in other.err
    assert "was trained with 8000" in other.err
    wrong = vggx("evaluate", f"run={audio_run}", "split=tst")
    assert "split must be one of train, val, test, not 'tst'" in wrong.err
    still = vggx("evaluate", f"run={audio_run}", "time_probe=true")
    assert "time_probe wants clips of frames; audio has none: its samples' axes are samples" in still.err
    assert "time_probe must be true or false, not yes" in vggx("evaluate", f"run={audio_run}", "time_probe=yes").err


def test_resume_goes_on_in_the_same_folder_and_words_win(vggx: Any, audio_run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(audio_run, tmp_path / "copy of [it]'s ${run}"))
    answer = vggx("train", f"resume={copy}", "trainer.max_epochs=3", "recipe.lr=0.001")
    assert answer.code == 0, answer.err
    assert json.loads((copy / "summary.json").read_text())["seed"] == 7  # as it was begun
    torch = pytest.importorskip("torch")
    last = torch.load(copy / "checkpoints/last.ckpt", weights_only=True)
    assert last["lr_schedulers"][0]["base_lrs"] == [0.001, 0.001]
    other = vggx("train", f"resume={copy}", "trainer.max_epochs=4", "recipe.optimizer=sgd")
    assert "recipe.optimizer=sgd: the run was begun with adamw" in other.err
    rows = list(csv.DictReader((copy / "metrics.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert json.loads((copy / "summary.json").read_text())["epochs"] == 3
    before = list(csv.DictReader((audio_run / "metrics.csv").open()))
    assert rows[:2] == before


def test_predict_names_new_files_and_reports_bad_ones(vggx: Any, audio_run: Path, tmp_path: Path) -> None:
    from vggx.data.embedded import cache_folder

    good = min(max(cache_folder().glob("tones-*")).glob("test/*/*.wav"))
    folder = tmp_path / "new, = [files] of 'ours'"
    folder.mkdir()
    shutil.copy(good, folder / "tön.wav")
    (folder / "empty.wav").touch()
    answer = vggx("predict", f"run={audio_run}", f"inputs={folder}", "top=2", "format=json")
    assert answer.code == 1
    empty, tone = json.loads(answer.out)
    assert (empty["classes"], empty["scores"]) == ([], [])
    assert "0 bytes" in empty["error"]
    assert tone["path"] == str(folder / "tön.wav")
    assert len(tone["classes"]) == 2
    assert tone["scores"][0] >= tone["scores"][1] > 0
    assert tone["error"] is None
    lines = list(csv.DictReader(io.StringIO(vggx("predict", f"run={audio_run}", f"inputs={folder}", "format=csv").out)))
    assert (lines[0]["class_1"], lines[0]["error"]) == ("", empty["error"])
    assert (lines[1]["class_1"], lines[1]["error"]) == (tone["classes"][0], "")
    table = vggx("predict", f"run={audio_run}", f"inputs=[{good},{good}]")
    assert table.code == 0
    assert tone["classes"][0] in table.out
    assert vggx("predict", f"run={audio_run}", f"inputs={tmp_path / 'nowhere'}").code == 1


def test_a_target_in_a_run_folder_is_refused(vggx: Any, audio_run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(audio_run, tmp_path / "run"))
    config = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config + "evil:\n  _target_: os.system\n")
    assert "holds a _target_" in vggx("train", f"resume={copy}").err
    (copy / "config.yaml").write_text(config.replace("  name: audio", "  name: audio\n  code: os", 1))
    assert "code: modalities.audio" in vggx("train", f"resume={copy}", "--cfg", "job").out
    (copy / "config.yaml").write_text(config)
    card = json.loads((copy / "net.json").read_text())
    card["net"]["_target_"] = "os.system"
    (copy / "net.json").write_text(json.dumps(card))
    assert "holds a _target_" in vggx("predict", f"run={copy}", "inputs=x.wav").err
    assert "holds a _target_" in vggx("evaluate", f"run={copy}").err


def test_a_checkpoint_that_holds_code_is_refused(vggx: Any, audio_run: Path, tmp_path: Path) -> None:
    import torch

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "pwned"),)

    copy = Path(shutil.copytree(audio_run, tmp_path / "run"))
    torch.save({"state_dict": Evil()}, copy / "checkpoints/last.ckpt")
    answer = vggx("train", f"resume={copy}", "trainer.max_epochs=3")
    assert answer.code == 1
    assert "is not a whole checkpoint of plain data" in answer.err
    assert not (tmp_path / "pwned").exists()
    whole = (audio_run / "checkpoints/last.ckpt").read_bytes()
    (copy / "checkpoints/last.ckpt").write_bytes(whole[: len(whole) // 2])
    assert "is not a whole checkpoint" in vggx("train", f"resume={copy}", "trainer.max_epochs=3").err
    (copy / "net.safetensors").write_bytes(b"\0" * 64)
    assert "is not a whole safetensors file" in vggx("predict", f"run={copy}", "inputs=x.wav").err


def test_a_sweep_numbers_its_runs_and_goes_on_after_a_failure(vggx: Any, tmp_path: Path) -> None:
    data = tmp_path / "my data, two"
    for label in ("a", "b"):
        (data / label).mkdir(parents=True)
        for number in range(8):
            pixels = np.random.default_rng(number).integers(0, 255, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(data / label / f"{number}.png")
    small = ["modality.data.size=16", "modality.data.channels=1", "modality.net.normalize=dataset", "recipe.lr=0.01"]
    plans = "modality.net.plan=micro,nonsense,mini"
    words = ["-m", "modality=image", plans, "modality.net.head=pooled", *small, *QUICK]
    answer = vggx("train", *words, f"modality.data.root='{data}'")
    assert answer.code == 1
    assert "no plan is called 'nonsense'" in answer.err
    runs = sorted(path.name for path in (tmp_path / "runs/image").iterdir())
    assert [name[-2:] for name in runs] == ["-0", "-2"]
    assert not (tmp_path / "outputs").exists()
    assert not (tmp_path / "multirun").exists()


def test_two_processes_share_the_work_and_one_writes(tmp_path: Path) -> None:
    """DDP over gloo, started as Lightning starts it: by repeating the command. It takes frozen blocks as they are."""
    ddp = ["trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp"]
    words = ["train", "modality=audio", "freeze=1", *QUICK, *ddp]
    done = subprocess.run([sys.executable, "-m", "vggx", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "runs/audio").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    assert summary["devices"] == 2
    assert summary["frozen_blocks"] == 1
    rows = list(csv.DictReader((run / "report.csv").open()))
    assert sum(int(row["files"]) for row in rows) == 200  # each test file once, over both
    assert done.stdout.count("test accuracy") == 1
