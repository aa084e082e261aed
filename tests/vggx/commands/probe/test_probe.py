"""vggx.commands.probe.probe: it looks at what `train` begins with, and leaves nothing behind."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor

from vggx import configs, settings
from vggx.commands.probe.probe import Noise, probe
from vggx.options import Settings
from vggx.runner.train import train
from vggx.tasks.module import TaskModule
from vggx.weights.source import read_weights


def test_the_net_and_the_first_batch_are_those_of_a_training(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of the first step is the probe's, so weights, normalisation, order and augmentation are the same."""
    losses: list[Tensor] = []
    real = TaskModule.training_step

    def kept(task: TaskModule, batch: Any, index: int) -> Tensor:
        losses.append(real(task, batch, index))
        return losses[-1]

    monkeypatch.setattr(TaskModule, "training_step", kept)
    wanted = {"modality__net__norm": "batch", "modality__net__dropout": 0.0, "modality__data__crop_scale": [0.5, 1.0]}
    train(make(trainer__max_epochs=1, runs=str(tmp_path / "runs"), **wanted))
    found = probe(make(runs=str(tmp_path / "none"), **wanted), batches=1)
    assert found["loss"] == pytest.approx(losses[0].item(), rel=1e-5)
    assert not (tmp_path / "none").exists()


def test_the_answer_is_plain_and_whole(make: Any) -> None:
    found = json.loads(json.dumps(probe(make(recipe__label_smoothing=0.1, modality__net__norm="batch"), batches=2)))
    assert [row["layer"] for row in found["layers"]] == ["conv1_1", "conv2_1", "conv3_1", "fc"]
    assert [row["part"] for row in found["parts"]] == ["block1", "block2", "block3", "head"]
    assert (found["samples"], found["classes"], found["ln_classes"]) == (32, 2, pytest.approx(0.6931, abs=1e-4))
    for row in found["layers"]:
        assert row["ratio"] == pytest.approx(row["weight_norm"] / row["grad_norm"])
    for below, row in zip(found["layers"], found["layers"][1:], strict=False):
        assert row["factor"] == pytest.approx(row["std"] / below["std"])
    assert found["layers"][0]["factor"] is None
    assert max(found["block_rates"]) == 1
    assert found["bad_files"] == {}


def test_the_same_seed_says_the_same_with_any_workers(make: Any) -> None:
    changes = {"modality__data__flip": True, "modality__net__dropout": 0.5, "modality__net__head": "fc"}
    first, second, other = (
        probe(make(modality__data__num_workers=workers, seed=seed, **changes), batches=2)
        for workers, seed in ((0, 3), (2, 3), (0, 4))
    )
    assert first == second
    assert first["loss"] != other["loss"]


def test_more_batches_than_there_are_take_all(make: Any) -> None:
    assert probe(make(), batches=99)["samples"] == 48


def test_unreadable_files_are_skipped_and_named(make: Any, tmp_path: Path) -> None:
    for split in ("train", "val"):
        for label in ("a", "b"):
            folder = tmp_path / "data" / split / label
            folder.mkdir(parents=True)
            for number in range(4):
                Image.new("L", (16, 16), 40 * number).save(folder / f"{number}.png")
    broken = tmp_path / "data/train/a/1.png"
    broken.write_bytes(b"no picture")
    found = probe(make(modality__data__root=str(tmp_path / "data"), modality__data__batch_size=8), batches=1)
    assert found["samples"] == 8
    assert list(found["bad_files"]) == [str(broken)]


# with weights


def test_weights_and_frozen_blocks_are_as_in_training(make: Any, trained: dict[str, Any]) -> None:
    weights = read_weights(trained["run"], plan="micro")
    found = probe(make(weights=trained["run"], freeze=2, recipe__fresh_factor=2.0), weights=weights, batches=1)
    assert found["weights"] == trained["run"]
    assert found["loss"] < 0.3  # it has learned the bars
    assert [row["grad_norm"] is None for row in found["layers"]] == [True, True, False, False]
    assert found["block_rates"][:2] == [1, 1]
    with pytest.raises(ValueError, match="freeze=4: the net has 3 blocks"):
        probe(make(freeze=4), batches=1)
    with pytest.raises(ValueError, match=r"recipe\.block_rates has 2 rates"):
        probe(make(recipe__block_rates=[1.0, 1.0]), batches=1)


# noise


def noisy(modality: str, **changes: Any) -> Settings:
    config = OmegaConf.create({name: configs.load(f"{name}/default") for name in ("recipe", "trainer")})
    config.modality = configs.load(f"modality/{modality}")
    common = {"modality.net.plan": "micro", "modality.data.batch_size": 4, "modality.data.root": "no/such/folder"}
    for key, value in (common | {key.replace("__", "."): value for key, value in changes.items()}).items():
        OmegaConf.update(config, key, value)
    return settings.resolve(config)


@pytest.mark.parametrize(
    ("modality", "changes"),
    [
        ("image", {"modality__data__size": 32}),
        ("video", {"modality__data__size": 16, "modality__data__frames": 8}),
        ("audio", {"modality__data__seconds": 0.5}),
        (
            "audio",
            {"modality__data__seconds": 0.5, "modality__net__frequency": "pooled", "modality__net__head": "pooled"},
        ),
    ],
)
def test_noise_needs_no_data(modality: str, changes: dict[str, Any]) -> None:
    found = probe(noisy(modality, **changes), noise=Noise(60.0, ["a", "b", "c"]), batches=2)
    assert (found["samples"], found["classes"]) == (8, 3)
    assert found["input"] == "noise of standard deviation 60"


def test_noise_is_as_loud_as_asked() -> None:
    quiet, loud = (
        probe(noisy("image", modality__data__size=32, modality__net__norm="none"), noise=Noise(std, ["a", "b"]))
        for std in (1.0, 60.0)
    )
    assert loud["layers"][0]["std"] == pytest.approx(60 * quiet["layers"][0]["std"], rel=1e-4)


def test_a_step_that_is_not_along_the_gradient_is_not_judged(make: Any) -> None:
    huge = {"recipe__lr": 1e4}
    (sign,) = probe(make(recipe__optimizer="sgd", **huge), batches=1)["signs"]
    assert sign.startswith("the first step is too long")
    assert probe(make(recipe__optimizer="adamw", **huge), batches=1)["signs"] == []


def test_what_is_not_finite_is_null_in_json() -> None:
    settings = noisy("image", modality__data__size=32, modality__net__norm="none")
    found = probe(settings, noise=Noise(1e39, ["a", "b"]), batches=1)  # more than float32 holds
    assert (found["loss"], found["logits_std"], found["block_rates"]) == (None, None, None)
    assert "NaN" not in json.dumps(found)
    assert found["signs"][0].startswith("explodes: the loss is nan")


# the readings of section 3.1 at the paper's size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "init", "wanted"),
    [
        ("A", "normal", 1.3e-3),
        ("D", "normal", 3.7e-6),
        ("A", "normal_variance", 1.5e8),
        ("D", "normal_variance", 4e10),
    ],
)
def test_both_readings_of_the_papers_initialisation(plan: str, init: str, wanted: float) -> None:
    common = {"modality__net__plan": plan, "modality__net__norm": "none", "modality__net__dropout": 0.0}
    chosen = noisy("image", modality__net__init=init, **common)
    found = probe(chosen, noise=Noise(60.0, [str(number) for number in range(1000)]), batches=1)
    assert found["logits_std"] == pytest.approx(wanted, rel=0.3)
    assert found["signs"][0].startswith("vanishes" if init == "normal" else "explodes")


# the rates that it proposes


def test_a_run_with_rates_of_blocks_says_them_and_keeps_them(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = [0.25, 0.5, 1.0, 0.125]
    chosen = make(recipe__block_rates=rates, recipe__lr=0.08, trainer__max_epochs=1, runs=str(tmp_path))
    run = Path(train(chosen)["run"])
    assert "learning rates: block1 0.02, block2 0.04, block3 0.08, head 0.01\n" in capsys.readouterr().out
    assert settings.read_run(run)["recipe"]["block_rates"] == rates
    state = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    groups = state["optimizer_states"][0]["param_groups"]
    assert {group["initial_lr"] for group in groups} == {0.08 * rate for rate in rates}
    longer = replace(chosen, trainer=replace(chosen.trainer, max_epochs=2))
    train(longer, resume=run)
    other = replace(longer, recipe=replace(longer.recipe, block_rates=None))
    with pytest.raises(ValueError, match=r"recipe\.block_rates=None: the run was begun with \[0\.25, 0\.5"):
        train(other, resume=run)
