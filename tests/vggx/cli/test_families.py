"""`vggx data ...`, the commands of two words: what there is, what is misspelt, and what they refuse."""

from pathlib import Path
from typing import Any

import pytest

from vggx import commands
from vggx.cli.arguments import FAMILIES, parted
from vggx.commands import COMMANDS

DATA = ["data preview", "data stats", "data reencode"]


def test_the_table_is_whole() -> None:
    assert FAMILIES == ["data"]
    assert set(DATA) < COMMANDS.keys()
    for name in COMMANDS:
        assert all(example.startswith(f"vggx {name} ".rstrip()) for example in commands.command(name).examples)


@pytest.mark.parametrize(
    ("words", "command", "rest"),
    [
        ("data stats modality=audio", "data stats", ["modality=audio"]),
        ("data stats", "data stats", []),
        ("data modality=audio", "data", ["modality=audio"]),
        ("cost by=net", "cost", ["by=net"]),
        ("cost", "cost", []),
        ("data", "data", []),
    ],
)
def test_words_are_parted(words: str, command: str, rest: list[str]) -> None:
    assert parted(words.split()) == (command, rest)


@pytest.mark.parametrize(("words", "code"), [(["data"], 2), (["data", "--help"], 0), (["data", "-h"], 0)])
def test_the_first_word_alone_says_what_there_is(vggx: Any, words: list[str], code: int) -> None:
    answer = vggx(*words)
    assert answer.code == code
    assert all(f"  {name}" in answer.out and commands.command(name).purpose in answer.out for name in DATA)
    assert "train" not in answer.out


def test_the_overview_lists_them(vggx: Any) -> None:
    lines = vggx("--help").out.splitlines()
    purposes = [commands.command(name).purpose for name in COMMANDS]
    starts = [next(line.index(text) for line in lines if text in line) for text in purposes]
    assert len(set(starts)) == 1  # in one column


@pytest.mark.parametrize("command", DATA)
def test_help_of_each(vggx: Any, command: str) -> None:
    answer = vggx(*command.split(), "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"vggx {command} key=value ...: {commands.command(command).purpose}")
    assert "modality = audio | image | video" in answer.out
    assert "modality.data.root = null" in answer.out
    own = {"data preview": "split = train", "data stats": "measure = true", "data reencode": "keyframe_every = 16"}
    assert own[command] in answer.out
    assert "recipe = adamw | default | modern | torchvision | vgg2014" in answer.out  # which bring options of data


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["data", "stast"],
            "there is no command 'data stast'; did you mean stats? Known: data preview | stats | reencode",
        ),
        (["data", "preveiw", "modality=image"], "'data preveiw'; did you mean preview?"),
        (
            ["data", "modality=image"],
            "there is no command 'data modality=image'. Known: data preview | stats | reencode",
        ),
        (["data", "zzz"], "there is no command 'data zzz'. Known: data preview | stats | reencode"),
        (["stats"], "there is no command 'stats'; did you mean data stats?"),
        (["dat", "stats"], "there is no command 'dat'; did you mean data?"),
        (["data", "stats"], "modality=... or experiment=... or run=... is required (modalities: audio, image, video)"),
        (["data", "preview", "count=4"], "modality=... or experiment=... or run=... is required"),
        (["data", "preview", "modality=imag"], "there is no modality=imag; did you mean image?"),
        (["data", "stats", "modality=audio", "mesure=false"], "there is no key 'mesure'; did you mean measure?"),
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
        (["preview", "count=many"], "count must be a whole number of samples, 1 or more, not many"),
        (["preview", "output=x.gif"], "output=x.gif must end in one of .png, .jpg, .pdf, .svg"),
        (["stats", "measure=no"], "measure must be true or false, not no"),
        (["stats", "format=xml"], "format must be one of table, json, csv, markdown, not 'xml'"),
        (["stats", "modality.data.root=nowhere"], "modality.data.root=nowhere is not a folder"),
    ],
)
def test_a_wrong_value_is_named(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx("data", *words, "modality=image")
    assert answer.code == 1
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert list(Path().iterdir()) == []
