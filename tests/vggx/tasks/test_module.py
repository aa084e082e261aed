"""vggx.tasks.module: what stays frozen, whose rates are whose, and which checkpoints are refused."""

from typing import Any

import pytest
from torch import nn

from vggx import configs
from vggx.net import VGG, Normalise, PreparedNet
from vggx.options import ClassifyOptions, Recipe
from vggx.tasks.classify import Classify
from vggx.tasks.module import TaskModule

AB = Classify(ClassifyOptions(), ["a", "b"])


def task(freeze: int = 0, fresh: list[str] | None = None, **options: Any) -> TaskModule:
    net = PreparedNet(VGG((1, 16, 16), 2, plan="micro", norm="batch", head="pooled"), Normalise([0.0], [1.0]))
    card: dict[str, Any] = {"modality": "image", "plan": "micro", "dims": 2, "classes": ["a", "b"]}
    card["task"] = AB.card()
    card["net"] = dict(configs.load("modality/image").net)
    if fresh is not None:
        card["weights"] = {"source": "vgg.pth", "fresh": fresh}
    return TaskModule(net, AB, Recipe(**({"optimizer": "sgd", "lr": 0.1} | options)), card, freeze)


def saved(by: TaskModule) -> dict[str, Any]:
    checkpoint: dict[str, Any] = {}
    by.on_save_checkpoint(checkpoint)
    return checkpoint


def training(net: nn.Module) -> dict[str, bool]:
    return {name: module.training for name, module in net.named_modules()}


@pytest.mark.parametrize("way", ["task", "parent"])
def test_frozen_blocks_stay_in_evaluation_mode_whoever_sets_it(way: str) -> None:
    made = task(freeze=2)
    owner = made if way == "task" else nn.ModuleList([made])  # as DDP has it
    wanted = {name: not name.startswith(("vgg.backbone.block1", "vgg.backbone.block2")) for name in training(made.net)}
    assert training(made.net) == wanted
    owner.eval()
    assert not any(training(made.net).values())
    assert owner.train() is owner
    assert training(made.net) == wanted


def test_the_mode_of_a_net_without_frozen_blocks_is_its_own() -> None:
    made = task()
    assert all(training(made.net).values())
    assert not any(training(TaskModule(made.net.eval(), made.task, made.recipe, made.card).net).values())


def test_rates_come_from_the_recipe_and_the_card() -> None:
    paces = task(freeze=1, fresh=["fc"], layer_decay=0.5, fresh_factor=8.0).paces()
    assert {(pace.part, pace.scale) for pace in paces.values()} == {("block2", 0.25), ("block3", 0.5), ("head", 8.0)}
    with pytest.raises(ValueError, match=r"recipe\.fresh_factor=8\.0 needs weights="):
        task(fresh_factor=8.0).paces()


def test_frozen_blocks_and_rates_of_a_run_last() -> None:
    begun = saved(task(freeze=1, layer_decay=0.5))
    task(freeze=1, layer_decay=0.5).on_load_checkpoint(begun)
    for options, message in (
        ({"freeze": 2, "layer_decay": 0.5}, "freeze=2: the run was begun with 1 and goes on with it"),
        ({"layer_decay": 0.5}, "freeze=0: the run was begun with 1 "),
        ({"freeze": 1}, r"recipe\.layer_decay=1\.0: the run was begun with 0\.5 "),
        (
            {"freeze": 1, "layer_decay": 0.5, "fresh_factor": 2.0},
            r"recipe\.fresh_factor=2\.0: the run was begun with 1\.0 ",
        ),
        (
            {"freeze": 1, "layer_decay": 0.5, "optimizer": "adamw"},
            r"recipe\.optimizer=adamw: the run was begun with sgd ",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            task(**options).on_load_checkpoint(begun)


def test_a_checkpoint_older_than_freezing_froze_nothing() -> None:
    begun = saved(task())
    del begun["freeze"], begun["recipe"]["layer_decay"], begun["recipe"]["fresh_factor"]
    task().on_load_checkpoint(begun)
    with pytest.raises(ValueError, match="freeze=1: the run was begun with 0 "):
        task(freeze=1).on_load_checkpoint(begun)
    with pytest.raises(ValueError, match=r"recipe\.layer_decay=0\.5: the run was begun with 1\.0 "):
        task(layer_decay=0.5).on_load_checkpoint(begun)


def test_what_a_run_inherited_is_the_checkpoints_to_say() -> None:
    begun = saved(task(fresh=["fc"], fresh_factor=8.0))
    resumed = task(fresh_factor=8.0)  # which has no weights to read
    resumed.on_load_checkpoint(begun)
    assert resumed.card["weights"] == {"source": "vgg.pth", "fresh": ["fc"]}
    assert {pace.scale for pace in resumed.paces().values() if pace.fresh} == {8.0}
    assert saved(resumed)["card"] == begun["card"]
