"""Runs by a recipe: the average that is kept, the batch that makes a step, the end of a plateau, what is inherited."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file
from torch import Tensor

from vggx import configs, settings
from vggx.options import Settings
from vggx.runner.train import train
from vggx.weights.store import load_net

Make = Callable[..., Settings]


def resumed(run: str, **changes: Any) -> Settings:
    values = settings.read_run(run)
    packaged = {"modality": configs.load(f"modality/{values['modality']['name']}")}
    config = OmegaConf.merge(packaged, {n: configs.load(f"{n}/default") for n in ("recipe", "trainer")}, values)
    for key, value in changes.items():
        OmegaConf.update(config, key.replace("__", "."), value)
    return settings.resolve(config)


def checkpoint(run: str, name: str = "last") -> dict[str, Any]:
    return torch.load(Path(run) / f"checkpoints/{name}.ckpt", weights_only=True)


def of_net(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("net."): value for name, value in state.items() if name.startswith("net.")}


def rows(run: str) -> list[dict[str, str]]:
    return list(csv.DictReader((Path(run) / "metrics.csv").open()))


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(value, b[name]) for name, value in a.items())


# the average

AVERAGED = {"recipe__ema": 0.8, "modality__net__norm": "batch", "recipe__schedule": "constant"}


@pytest.fixture(scope="module")
def averaged(make: Make) -> dict[str, Any]:
    return train(make(**AVERAGED, freeze=1, trainer__max_epochs=2))


def test_the_best_checkpoint_and_the_kept_net_are_the_average(averaged: dict[str, Any]) -> None:
    best = checkpoint(averaged["run"], "best")
    average, live = of_net(best["state_dict"]), best["callbacks"]["Ema"]["net"]
    assert equal(load_file(Path(averaged["run"]) / "net.safetensors"), average)
    assert average.keys() == live.keys()
    assert not equal(average, live)
    frozen = "vgg.backbone.block1."
    assert equal(*({k: v for k, v in state.items() if k.startswith(frozen)} for state in (average, live)))
    assert not torch.equal(*(s["vgg.backbone.block2.conv2_1.norm.running_var"] for s in (average, live)))


def test_what_is_validated_is_the_average(make: Make, averaged: dict[str, Any]) -> None:
    """The net that was kept, asked again."""
    row = rows(averaged["run"])[averaged["best_epoch"] - 1]
    net, _, _ = load_net(Path(averaged["run"]))
    data = make(**AVERAGED).modality.open_data(0)
    losses, count = 0.0, 0
    with torch.no_grad():
        for batch in data.val_dataloader():
            logits = net(batch.input)
            losses += torch.nn.functional.cross_entropy(logits, batch.target, reduction="sum").item()
            count += len(logits)
    assert float(row["val_loss"]) == pytest.approx(losses / count, rel=1e-4)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_resumed_average_ends_bit_for_bit_where_the_unbroken_one_does(make: Make, norm: str) -> None:
    changes = {
        **AVERAGED, "modality__net__norm": norm, "modality__net__dropout": 0.3, "recipe__mixup": 0.2,
        "recipe__cutmix": 1.0, "recipe__batch": 32,
    }  # fmt: skip
    whole = train(make(**changes, trainer__max_epochs=3))
    begun = train(make(**changes, trainer__max_epochs=1))
    torch.manual_seed(99)  # whatever the new process has drawn
    after = train(resumed(begun["run"], trainer__max_epochs=3), resume=Path(begun["run"]))
    ends = [checkpoint(run["run"]) for run in (whole, after)]
    assert equal(ends[0]["state_dict"], ends[1]["state_dict"])
    states = [end["callbacks"]["Ema"] for end in ends]
    assert equal(states[0]["net"], states[1]["net"])
    assert states[0]["updates"] == states[1]["updates"] == ends[0]["global_step"] == 6
    assert whole["test_loss"] == after["test_loss"]


def test_another_average_does_not_resume(averaged: dict[str, Any]) -> None:
    run = averaged["run"]
    for key, value in {"ema": 0.0, "batch": 32, "decay_biases": True}.items():
        with pytest.raises(ValueError, match=rf"recipe\.{key}={value}: the run was begun with "):
            train(resumed(run, **{f"recipe__{key}": value, "trainer__max_epochs": 3}), resume=Path(run))


# the batch


def test_a_step_takes_the_recipes_batch(make: Make) -> None:
    """48 files: three batches of 16, which make three steps, or two of 32 and what is left."""
    found = {batch: checkpoint(train(make(recipe__batch=batch, trainer__max_epochs=1))["run"]) for batch in (16, 32)}
    assert {batch: end["global_step"] for batch, end in found.items()} == {16: 3, 32: 2}


def test_a_batch_that_cannot_be_made_up_costs_no_run_folder(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.batch_size=16 on one device do not divide recipe\.batch=24"):
        train(make(recipe__batch=24, runs=str(tmp_path / "runs")))
    with pytest.raises(ValueError, match=r"accumulate_grad_batches=3 contradicts recipe\.batch=32"):
        train(make(recipe__batch=32, trainer__accumulate_grad_batches=3, runs=str(tmp_path / "runs")))
    assert not (tmp_path / "runs").exists()


# the end of a plateau

STALLING = {
    "modality__net__norm": "none",  # whose statistics would move
    "recipe__schedule": "plateau", "recipe__patience": 0, "recipe__drops": 1, "recipe__lr": 1e-12,
    "trainer__max_epochs": 20,
}  # fmt: skip


def test_a_run_ends_at_the_stall_after_its_drops_and_goes_on_if_asked(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of weights that hardly move: the first epoch is the best, all others are stalls."""
    found = train(make(**STALLING))
    run = found["run"]
    assert found["epochs"] == 3
    assert [float(row["lr"]) for row in rows(run)] == pytest.approx([1e-12, 1e-13, 1e-14])
    assert "the run ended after epoch 3 of 20: " in capsys.readouterr().out
    assert train(resumed(run), resume=Path(run))["epochs"] == 3
    longer = train(resumed(run, recipe__drops=2), resume=Path(run))
    whole = train(make(**STALLING | {"recipe__drops": 2}))
    assert longer["epochs"] == whole["epochs"] == 4
    assert equal(checkpoint(run)["state_dict"], checkpoint(whole["run"])["state_dict"])


# what is inherited by name


def test_only_the_layers_asked_for_are_inherited_of_another_plan(make: Make, tmp_path: Path) -> None:
    common = {"modality__net__head": "fc", "trainer__max_epochs": 1}
    source = train(make(**common, modality__net__plan="micro", modality__net__width=2.0))["run"]
    named = ["conv1_1", "conv2_1", "fc8"]
    wanted = make(
        **common, modality__net__plan="mini", weights=source, inherit=named, recipe__lr=1e-12, runs=str(tmp_path)
    )
    run = train(wanted)["run"]
    given, made = (load_file(Path(folder) / "net.safetensors") for folder in (source, run))
    report = json.loads((Path(run) / "weights.report.json").read_text())["layers"]
    results = {row["target"]: (row["result"], row["rule"]) for row in report if row["target"]}
    norms = ["conv1_1.norm", "conv2_1.norm"]  # which belong to their layers
    assert {name for name, (result, _) in results.items() if result == "copied"} == {*named, *norms}
    assert set(results.values()) == {("copied", "copy"), ("fresh", "not among inherit")}
    first = "vgg.backbone.block1.conv1_1.conv.weight"
    torch.testing.assert_close(made[first], given[first], rtol=1e-4, atol=1e-6)
    assert not torch.allclose(made["vgg.head.fc7.weight"], given["vgg.head.fc7.weight"], atol=1e-3)
    assert settings.read_run(run)["inherit"] == named
    again = train(resumed(run, trainer__max_epochs=2), resume=Path(run))
    assert again["weights"]["fresh"] == [name for name in results if name not in (*named, *norms)]


def test_layers_to_inherit_need_weights_that_have_them(make: Make, trained: dict[str, Any], tmp_path: Path) -> None:
    for options, message in (
        ({"inherit": ["conv1_1"]}, r"inherit=\['conv1_1'\] needs weights="),
        (
            {"inherit": ["conv9_1"], "weights": trained["run"]},
            "inherit names 'conv9_1', and the net has no such layer: ",
        ),
        (
            {"inherit": ["conv4_1"], "weights": trained["run"], "modality__net__plan": "micro4"},
            r"2 layers would stay fresh, that is random: conv4_1 \(not in the source\); conv4_1\.norm",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            train(make(runs=str(tmp_path / "runs"), **options))
    assert not (tmp_path / "runs").exists()
