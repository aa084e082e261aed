"""Runs with frozen blocks and rates of their own: what moves, what does not, and what is written of it."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file
from torch import Tensor

from vggx import configs, settings
from vggx.runner import train as train_module
from vggx.runner.train import train
from vggx.surgery.transfer import load, transfer
from vggx.weights.source import read_weights


def quick(modality: str, runs: Path, **changes: Any) -> Any:
    """Settings of two epochs of two batches on a modality's embedded data, with batch norm."""
    config = OmegaConf.create({"modality": configs.load(f"modality/{modality}"), "runs": str(runs), "logger": "none"})
    config.recipe, config.trainer = configs.load("recipe/default"), configs.load("trainer/default")
    limits = {f"trainer.limit_{split}_batches": 2 for split in ("train", "val", "test")}
    few = {"modality.data.batch_size": 8, "modality.data.num_workers": 0, "modality.net.norm": "batch"}
    changes = {key.replace("__", "."): value for key, value in changes.items()}
    for key, value in ({"trainer.max_epochs": 2} | limits | few | changes).items():
        OmegaConf.update(config, key, value)
    return settings.resolve(config)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Tensor]]:
    """The weights that every run began with."""
    states: list[dict[str, Tensor]] = []
    real = train_module.begun

    def remembering(*given: Any) -> Any:
        net, found = real(*given)
        states.append({name: value.clone() for name, value in net.state_dict().items()})
        return net, found

    monkeypatch.setattr(train_module, "begun", remembering)
    return states


def resumed(run: Path, **changes: Any) -> Any:
    values = settings.read_run(run)
    packaged = {"modality": configs.load(f"modality/{values['modality']['name']}")}
    config = OmegaConf.merge(
        packaged, {name: configs.load(f"{name}/default") for name in ("recipe", "trainer")}, values
    )
    for key, value in changes.items():
        OmegaConf.update(config, key.replace("__", "."), value)
    return settings.resolve(config)


def last(run: Any) -> dict[str, Any]:
    return torch.load(Path(run) / "checkpoints/last.ckpt", weights_only=True)


# freeze


@pytest.mark.parametrize(("modality", "freeze"), [("image", 1), ("image", 3), ("video", 2)])
def test_frozen_blocks_and_their_statistics_do_not_move_and_all_else_does(
    modality: str, freeze: int, begun: list[dict[str, Tensor]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = train(quick(modality, tmp_path, freeze=freeze))
    after = {key.removeprefix("net."): value for key, value in last(summary["run"])["state_dict"].items()}
    frozen = tuple(f"vgg.backbone.block{number}." for number in range(1, freeze + 1))
    moved = {name for name, value in begun[0].items() if not torch.equal(value, after[name])}
    # a bias before a norm has no gradient but the rounding's, and what feeds the net is no weight
    idle = {name for name in after if name.endswith("conv.bias") or not name.startswith("vgg.")}
    assert moved - idle == {name for name in after if name.startswith("vgg.") and not name.startswith(frozen)} - idle
    assert not any(name.startswith(frozen) for name in moved)
    assert any(name.endswith("norm.running_mean") for name in after if name.startswith(frozen))

    training = sum(value.numel() for name, value in after.items() if name in trained_names(after, frozen))
    assert (summary["frozen_blocks"], summary["trainable_params"]) == (freeze, training)
    assert f" {summary['params']:,} parameters ({training:,} of them train), " in capsys.readouterr().out
    assert json.loads((Path(summary["run"]) / "summary.json").read_text())["trainable_params"] == training
    assert settings.read_run(summary["run"])["freeze"] == freeze


def trained_names(state: dict[str, Tensor], frozen: tuple[str, ...]) -> set[str]:
    return {name for name in state if name.endswith(("weight", "bias")) and not name.startswith(frozen)}


def test_nothing_frozen_is_all_trained(trained: dict[str, Any]) -> None:
    assert trained["trainable_params"] == trained["params"]
    assert trained["frozen_blocks"] == 0


def test_blocks_that_are_not_there_cost_no_run_folder(make: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="freeze=4: the net has 3 blocks"):
        train(make(freeze=4, runs=str(tmp_path / "runs")))
    with pytest.raises(ValueError, match=r"recipe\.fresh_factor=2\.0 needs weights="):
        train(make(recipe__fresh_factor=2.0, runs=str(tmp_path / "runs")))
    assert not (tmp_path / "runs").exists()


def test_another_freeze_does_not_resume(make: Any) -> None:
    run = Path(train(make(freeze=1, trainer__max_epochs=1))["run"])
    with pytest.raises(ValueError, match="freeze=2: the run was begun with 1 and goes on with it"):
        train(resumed(run, freeze=2), resume=run)
    assert settings.read_run(run)["freeze"] == 1


# rates


def test_the_rate_of_the_metrics_is_the_recipes(make: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(make(recipe__layer_decay=0.5, recipe__schedule="constant", trainer__max_epochs=2))["run"]
    rows = list(csv.DictReader((Path(run) / "metrics.csv").open()))
    assert [row["lr"] for row in rows] == ["0.05", "0.05"]
    groups = last(run)["optimizer_states"][0]["param_groups"]
    assert [group["lr"] for group in groups] == [0.05 * s for s in (0.125, 0.125, 0.25, 0.25, 0.5, 0.5, 1.0, 1.0)]
    assert "learning rates: block1 0.00625, block2 0.0125, block3 0.025, head 0.05\n" in capsys.readouterr().out


def test_fresh_layers_are_known_when_the_weights_are_gone(make: Any, tmp_path: Path) -> None:
    source = Path(train(make(modality__net__norm="none", trainer__max_epochs=1, runs=str(tmp_path)))["run"])
    tuned = {"recipe__fresh_factor": 10.0, "recipe__schedule": "constant", "trainer__max_epochs": 1}
    run = Path(train(make(weights=str(source), allow_fresh=["norm"], **tuned))["run"])
    shutil.rmtree(source)
    summary = train(resumed(run, trainer__max_epochs=2), resume=run)
    assert summary["epochs"] == 2
    assert summary["weights"]["fresh"] == ["conv1_1.norm", "conv2_1.norm", "conv3_1.norm"]
    assert json.loads((run / "net.json").read_text())["weights"] == summary["weights"]
    groups = last(run)["optimizer_states"][0]["param_groups"]
    # kernels, biases, and the norms with theirs
    assert [(group["lr"], group["scale"], len(group["params"])) for group in groups] == [
        (0.05, 1.0, 4),
        (0.05, 1.0, 4),
        (0.5, 10.0, 6),
    ]


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
def test_a_checkpoint_of_before_goes_on_as_it_would_have(make: Any, schedule: str, tmp_path: Path) -> None:
    new = Path(train(make(trainer__max_epochs=1, recipe__schedule=schedule, seed=3))["run"])
    old = Path(shutil.copytree(new, tmp_path / "old"))
    saved = last(old)
    del saved["freeze"], saved["recipe"]["layer_decay"], saved["recipe"]["fresh_factor"]
    for group in saved["optimizer_states"][0]["param_groups"]:
        del group["scale"]
    torch.save(saved, old / "checkpoints/last.ckpt")
    ends = [train(resumed(run, trainer__max_epochs=2), resume=run) for run in (new, old)]
    assert [end["epochs"] for end in ends] == [2, 2]
    states = [load_file(Path(end["run"]) / "net.safetensors") for end in ends]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    rows = [list(csv.DictReader((run / "metrics.csv").open())) for run in (new, old)]
    assert rows[0][-1]["lr"] == rows[1][-1]["lr"]


def test_layers_that_were_drawn_and_trained_since_are_weights_as_others(make: Any, tmp_path: Path) -> None:
    """A net with other classes begins with a fresh head; the next one that begins with that net has all of it."""
    first = train(make(trainer__max_epochs=1, runs=str(tmp_path)))["run"]
    new = tmp_path / "three"
    for label in ("lying", "standing", "third"):
        for split, count in {"train": 6, "val": 2, "test": 2}.items():
            (new / split / label).mkdir(parents=True)
            for number in range(count):
                source = Path(str(make().modality.data.root)) / split / label.replace("third", "lying")
                shutil.copy(source / f"{number:02d}.png", new / split / label / f"{number}.png")
    second = train(make(weights=first, modality__data__root=str(new), trainer__max_epochs=1, runs=str(tmp_path)))
    assert second["weights"]["fresh"] == ["fc"]
    again = read_weights(second["run"])
    assert again.untrained() == []
    net = make(modality__data__root=str(new)).modality.build(3)
    found = transfer(again, net.vgg)
    assert found.fresh() == []
    load(net.vgg, found, "glorot")
    assert torch.equal(net.vgg.head.fc.weight, again.state["fc.weight"])
