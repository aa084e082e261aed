"""vggx.configs: the packaged files, each of them composed, and what they refuse."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import hydra
import pytest
from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, ValidationError

from vggx import commands, configs, settings
from vggx.options import Modality, Recipe, TrainerOptions

FILES = sorted(configs.folder().rglob("*.yaml"))
MODALITIES = ("audio", "image", "video")
# rate and epochs of a recipe, whatever the data; of the embedded data without one; and samples of a batch
RECIPES = {"adamw": (0.001, 0), "modern": (0.001, 100), "torchvision": (0.01, 90), "vgg2014": (0.01, 74)}
EMBEDDED = {"image": (0.05, 12), "video": (0.05, 5), "audio": (0.01, 20)}
BATCHES = {
    **{("image", "null"): 64, ("video", "null"): 16, ("audio", "null"): 32},
    **{("image", "somewhere"): 32, ("video", "somewhere"): 16, ("audio", "somewhere"): 64},
}


def compose(command: str, *words: str) -> DictConfig:
    configs.register(command, commands.command(command).config())
    with hydra.initialize(version_base="1.3", config_path=None):
        return hydra.compose(command, overrides=list(words))


def targets(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["_target_"]] if "_target_" in node else []
        return own + [name for value in node.values() for name in targets(value)]
    return [name for value in node for name in targets(value)] if isinstance(node, list) else []


def test_a_modality_for_each_of_three() -> None:
    assert configs.names("modality") == list(MODALITIES)
    assert configs.names("recipe") == ["adamw", "default", "modern", "torchvision", "vgg2014"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(configs.folder()).as_posix())
def test_no_file_is_over_25_lines(path: Path) -> None:
    assert 1 <= len(path.read_text(encoding="utf-8").splitlines()) <= 25


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(configs.folder()).as_posix())
def test_every_target_is_a_dataclass_of_ours(path: Path) -> None:
    for name in targets(OmegaConf.to_container(OmegaConf.load(path))):
        module, _, kind = name.rpartition(".")
        assert module.split(".")[0] in ("vggx", "modalities")
        assert is_dataclass(getattr(__import__(module, fromlist=[kind]), kind))


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("recipe", configs.names("recipe"))
@pytest.mark.parametrize("root", ["null", "somewhere"])
def test_every_modality_and_recipe_makes_settings(modality: str, recipe: str, root: str) -> None:
    config = compose("train", f"modality={modality}", f"recipe={recipe}", f"modality.data.root={root}")
    made = settings.resolve(config)
    assert made.modality.name == modality
    rate, epochs = RECIPES.get(recipe) or (EMBEDDED[modality] if root == "null" else (0.01, 30))
    if recipe == "adamw":  # which says nothing of how long
        epochs = EMBEDDED[modality][1] if root == "null" else 30
    assert (made.recipe.lr, made.trainer.max_epochs) == (rate, epochs)
    assert made.modality.data.batch_size == BATCHES[modality, root]


@pytest.mark.parametrize("name", configs.names("trainer"))
def test_every_trainer_composes(name: str) -> None:
    made = settings.resolve(compose("train", "modality=image", "modality.data.root=somewhere", f"trainer={name}"))
    assert made.trainer == TrainerOptions(max_epochs=30)


@pytest.mark.parametrize("name", configs.names("experiment"))
def test_every_experiment_makes_settings(name: str) -> None:
    words = [f"experiment={name}"]
    try:
        config = compose("train", *words)
    except ConfigCompositionException:  # an experiment may leave the modality to the user
        config = compose("train", *words, "modality=image")
    assert settings.resolve(config).modality.name in MODALITIES


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_every_command_composes(command: str) -> None:
    needed = {
        "train": ["modality=image"],
        "evaluate": ["modality=image", "run=x"],
        "predict": ["run=x", "inputs=[a]"],
        "inflate": ["modality=image", "source=x", "target=y"],
        "linear": ["modality=image"],
        "probe": ["modality=image"],
        "summary": ["runs=x"],
        "explain": ["run=x", "inputs=[a]", "output=y"],
        "data preview": ["modality=image"],
        "data stats": ["modality=image"],
        "data reencode": ["modality=video", "target=x"],
        "cost budget": ["modality=image", "find=size"],
    }
    config = compose(command, *needed.get(command, []))
    assert not OmegaConf.missing_keys(config)


def test_yaml_names_only_options_that_exist() -> None:
    for name in MODALITIES:
        modality = settings.usual(configs.load(f"modality/{name}"))
        known = {section: {field.name for field in fields(getattr(modality, section))} for section in ("net", "data")}
        known |= {"recipe": {field.name for field in fields(Recipe)}}
        known |= {"trainer": {field.name for field in fields(TrainerOptions)}}
        packaged = configs.load(f"modality/{name}")
        assert packaged.unset.keys() == {"embedded", "root"}
        for sections in filled(packaged):
            for section, values in sections.items():
                assert values.keys() <= known[section]


def filled(modality: DictConfig) -> list[dict[str, Any]]:
    """All {section: {option: value}} that unset options may be filled in from."""
    found = list(modality.unset.values())
    for choices in modality.get("presets", {}).values():
        for preset in choices.values():
            found += [preset[kind] for kind in ("embedded", "root") if kind in preset]
            found.append({section: values for section, values in preset.items() if section not in ("embedded", "root")})
    return found


def test_every_recipe_that_is_named_brings_something_to_every_modality() -> None:
    named = {configs.load(f"recipe/{name}").name for name in configs.names("recipe")} - {None}
    assert named == {"modern", "torchvision", "vgg2014"}
    assert all(set(configs.load(f"modality/{name}").presets.recipe) == named for name in MODALITIES)


def test_python_owns_the_defaults() -> None:
    """YAML under `unset` and `presets` may only set what Python leaves at None; elsewhere it would be dead."""
    for name in MODALITIES:
        packaged = configs.load(f"modality/{name}")
        owned = {"net": packaged.net, "data": packaged.data}
        owned |= {section: configs.load(f"{section}/default") for section in ("recipe", "trainer")}
        for sections in filled(packaged):
            for section, values in sections.items():
                assert all(owned[section][key] is None for key in values)


def test_typed_makes_a_dataclass_of_a_target() -> None:
    found = configs.typed(OmegaConf.create({"a": {"_target_": "vggx.options.Recipe", "lr": 0.5}, "b": 1}))
    assert OmegaConf.get_type(found.a) is Recipe
    assert (found.a.lr, found.a.momentum, found.b) == (0.5, 0.9, 1)
    assert "_target_" not in found.a
    with pytest.raises(ValidationError):
        found.a.lr = "fast"
    with pytest.raises(ConfigKeyError):
        configs.typed(OmegaConf.create({"_target_": "vggx.options.Recipe", "lrs": 0.5}))


def test_typed_leaves_other_values_alone() -> None:
    assert configs.typed(3) == 3
    config = OmegaConf.create({"a": {"b": [1, {"c": 2}]}, "d": "${a.b}", "e": "???"})
    assert OmegaConf.to_container(configs.typed(config)) == OmegaConf.to_container(config)


def test_load_gives_typed_options() -> None:
    found = configs.load("modality/video")
    with pytest.raises(ValidationError):
        found.data.frames = "eight"
    made = OmegaConf.merge(OmegaConf.structured(Modality), found)
    assert made.name == "video"


def test_a_wheels_own_configs_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert configs.folder() == configs.CHECKOUT
    (tmp_path / "modality").mkdir()
    (tmp_path / "modality" / "smell.yaml").write_text("name: smell\n")
    monkeypatch.setattr(configs, "PACKAGED", tmp_path)
    assert configs.folder() == tmp_path
    assert configs.names("modality") == ["smell"]
    assert configs.load("modality/smell") == {"name": "smell"}


def test_a_group_does_not_hide_a_commands_own_key() -> None:
    words = ("run=a", "inputs=[b]", "device=cpu")
    assert compose("predict", *words).device == "cpu"
    assert compose("cost", "device=h200").device.rate == 7.9e14
