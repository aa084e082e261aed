"""The table of commands, and what holds of all of them."""

import dataclasses
from pathlib import Path
from types import NoneType
from typing import get_args

import pytest

import vggx.commands
from vggx import commands, configs
from vggx.commands import COMMANDS
from vggx.commands.explain.explain import HOW
from vggx.cost.memory import PRECISIONS
from vggx.cost.speed.steps import MODES
from vggx.data.listing import SPLITS
from vggx.evaluate.protocol import PROTOCOLS
from vggx.evaluate.svm import COMBINE
from vggx.keys import REQUIRED, Key, Precision, Split, checked, choices, keys_of
from vggx.keys.words import bare
from vggx.options import Settings
from vggx.runner.cost import ROWS
from vggx.runner.trainer import LOGGERS
from vggx.surgery.axes import RULES

# numbers that count nothing
UNITLESS = {"seed", "C", "crf"}


def key_of(name: str, key: str) -> Key:
    return next(each for each in keys_of(commands.command(name).options) if each.name == key)


def test_every_folder_is_in_the_table() -> None:
    folders = {path.parent.name for path in Path(str(vggx.commands.__file__)).parent.glob("*/options.py")}
    assert {place.rpartition(".")[2] for place in COMMANDS.values()} == folders
    assert all(place == f"vggx.commands.{name.replace(' ', '_')}" for name, place in COMMANDS.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_key_says_what_it_is(name: str) -> None:
    about = commands.command(name)
    for key in keys_of(about.options):
        kind, _ = bare(key.type)
        assert key.help
        assert not key.help.endswith(".")
        assert key.unit or kind is bool or choices(key.type) or key.name in UNITLESS, key.name
    assert about.examples[0].startswith(f"vggx {name}")
    assert set(about.groups) <= {"modality", "task", "recipe", "trainer", "device", "experiment"}
    assert callable(commands.run(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_its_own_defaults_are_right(name: str) -> None:
    about = commands.command(name)
    filled = {key.name: f"x.{key.name}" if key.default is REQUIRED else key.default for key in keys_of(about.options)}
    assert checked(about.options, filled)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_must_be_given_is_a_key_or_group_of_it(name: str) -> None:
    about = commands.command(name)
    known = {*about.defaults(), *about.groups}
    assert {key for needed in about.required for key in needed} <= known
    without_default = {key.name for key in keys_of(about.options) if key.default is REQUIRED}
    assert without_default <= {key for needed in about.required for key in needed}


@pytest.mark.parametrize("name", COMMANDS)
def test_keys_that_settings_have_too_have_their_defaults(name: str) -> None:
    """But for evaluate, which logs nothing, and has several runs."""
    of_settings = {field.name: field for field in dataclasses.fields(Settings)}
    for key in keys_of(commands.command(name).options):
        field = of_settings.get(key.name)
        if field is None or (name, key.name) in (("evaluate", "logger"), ("evaluate", "runs"), ("summary", "runs")):
            continue
        made = field.default_factory
        assert key.default == (field.default if made is dataclasses.MISSING else made())


def test_choices_are_those_that_the_code_knows() -> None:
    assert get_args(Precision) == tuple(PRECISIONS)
    assert get_args(Split) == SPLITS
    for name, key, known in (
        ("train", "logger", LOGGERS),
        ("evaluate", "protocol", PROTOCOLS),
        ("linear", "combine", COMBINE),
        ("explain", "how", HOW),
        ("cost", "by", ROWS),
        ("benchmark", "modes", MODES),
        ("inflate", "init", RULES),
    ):
        assert choices(key_of(name, key).type) == tuple(known)


def test_no_key_has_the_name_of_a_group_that_it_chooses_from() -> None:
    groups = {path.name for path in configs.folder().iterdir() if path.is_dir()}
    for name in COMMANDS:
        about = commands.command(name)
        assert not set(about.groups) & set(about.defaults())
        assert set(about.groups) <= groups


def test_what_is_unset_may_be_unset() -> None:
    for name in COMMANDS:
        for key in keys_of(commands.command(name).options):
            assert key.default is not None or NoneType in get_args(key.type), (name, key.name)
