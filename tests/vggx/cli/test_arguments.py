"""Paths reach the config as they were typed."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from vggx.cli.arguments import literal_texts, quoted, swept_along, value_of


def through_hydra(word: str) -> str:
    """What a config holds after Hydra has read the word and OmegaConf resolved it."""
    override = OverridesParser.create().parse_override(word)
    return OmegaConf.create({"x": override.value()}).x


@pytest.mark.parametrize(
    "path",
    [
        "/data/my clips", "a=b", "x[1].mp4", "{a}", "ünïcode/文件", "it's", 'say "so"', "a,b", "~/x",
        "back\\slash", "\\",
        "end\\'", "${HOME}", "$x", "(1)", "a:b", "50%", "#1", "*", "null.d", " lead", "q'\\'q",
    ],
)  # fmt: skip
def test_any_name_survives(path: str) -> None:
    (word,) = literal_texts("train", [f"modality.data.root={path}"])
    assert through_hydra(word) == path


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1))
def test_quoted_is_read_back_as_the_same_text(text: str) -> None:
    # OmegaConf itself has no spelling for an escaped interpolation after a backslash, nor for what it calls missing
    if "\\${" not in text and not text.endswith("\\") and text != "???":
        assert through_hydra(f"x={quoted(text)}") == text


def test_other_words_stay_hydras() -> None:
    words = ["modality=video", "modality.net.plan=D", "-m", "--cfg", "job", "+x.y=[1,2]", "modality.data.root='a b'"]
    assert literal_texts("train", words) == words


def test_lists_and_sweeps_stay_hydras() -> None:
    assert literal_texts("predict", ["inputs=[a.wav,b]"]) == ["inputs=[a.wav,b]"]
    assert literal_texts("train", ["-m", "modality.data.root=a,b"]) == ["-m", "modality.data.root=a,b"]
    assert literal_texts("train", ["modality.data.root=a,b"]) == ["modality.data.root='a,b'"]


def test_the_texts_of_a_command_are_its_keys_of_text() -> None:
    words = ["class=1e3", "layer=conv1_1", "size=32", "how=both", "inputs=a,b", "modality.data.inputs=a,b", "+run=x y"]
    assert literal_texts("explain", words) == [
        "class='1e3'", "layer='conv1_1'", "size=32", "how=both", "inputs='a,b'", "modality.data.inputs=a,b",
        "+run='x y'",
    ]  # fmt: skip
    assert literal_texts("nothing of ours", ["run=a,b", "modality.data.root=a,b"])[0] == "run=a,b"


def test_null_still_means_none() -> None:
    assert literal_texts("train", ["resume=null"]) == ["resume=null"]


def test_value_of_takes_the_last_and_unquotes() -> None:
    assert value_of(["run=a", "x=1", "run='b c'"], "run", "resume") == "b c"
    assert value_of(["x=1"], "run") is None


def test_options_of_swept_modalities_are_swept_too() -> None:
    words = [
        "-m",
        "modality=image,audio",
        "modality.net.plan=A",
        "seed=1",
        "modality.net.width=1,2",
        "modality.net.mean=[1,2]",
    ]
    assert swept_along(words) == [
        "-m", "modality=image,audio", "modality.net.plan=choice(A)", "seed=1", "modality.net.width=1,2",
        "modality.net.mean=choice([1,2])",
    ]  # fmt: skip
    quoted = ["-m", "modality=image,audio", "modality.data.root='a,b'", "modality.net.plan=choice(A,B)"]
    assert swept_along(quoted)[2:] == ["modality.data.root=choice('a,b')", "modality.net.plan=choice(A,B)"]
    for same in (["modality=image", "modality.net.plan=A"], ["-m", "modality=image", "modality.net.plan=A"]):
        assert swept_along(same) == same
