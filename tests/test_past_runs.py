"""Run folders that earlier code made answer every command as they did then, and are gone on with as they were then."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.past_runs import RUNS, asked, names

# the last bits hang on the processor; what is read wrongly, left out or in another order is off by far more
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def check(found: Any, expected: Any, place: str = "") -> None:
    """Equal, keys and their order too; floats to `CLOSE`. The message names the place."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), place
        for key, value in expected.items():
            check(found[key], value, f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for number, value in enumerate(expected):
            check(found[number], value, f"{place}[{number}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=CLOSE["rtol"], abs=CLOSE["atol"]), place
    else:
        assert found == expected, place


def test_there_is_a_folder_for_every_modality_and_head() -> None:
    assert names() == [f"{modality}_{head}" for modality in ("audio", "image", "video") for head in ("fc", "pooled")]


@pytest.mark.parametrize("name", names())
def test_a_past_run_answers_as_ever(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answers, tensors = asked(RUNS / name, tmp_path)
    check(json.loads(json.dumps(answers)), json.loads((RUNS / name / "expected.json").read_text()), name)
    expected = load_file(RUNS / name / "resumed.safetensors")
    assert sorted(tensors) == sorted(expected)
    for key, value in expected.items():
        torch.testing.assert_close(tensors[key], value, **CLOSE, msg=lambda text, key=key: f"{name}, {key}: {text}")
