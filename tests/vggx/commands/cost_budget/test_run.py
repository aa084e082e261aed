"""`vggx cost budget`, as it is called."""

import csv
import io
import json
from typing import Any

import pytest


def test_budget_in_every_format(vggx: Any) -> None:
    words = ("cost", "budget", "modality=video", "find=frames", "macs=200e9")
    best, beyond = json.loads(vggx(*words, "format=json").out)["rows"]
    assert (best["frames"], best["fits"], beyond["frames"], beyond["fits"]) == (31, True, 32, False)
    lines = list(csv.DictReader(io.StringIO(vggx(*words, "format=csv").out)))
    assert [line["frames"] for line in lines] == ["31", "32"]
    assert "| 31 |" in vggx(*words, "format=markdown").out
    assert "189.0 G" in vggx(*words[:-1], "macs=200G").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cost", "budget", "modality=image"], "find=... is required"),
        (["cost", "budget", "find=width"], "modality=... or run=... is required"),
        (["cost", "budget", "modality=image", "find=width"], "give a limit: macs, params or memory (GiB)"),
        (
            ["cost", "budget", "modality=image", "find=width", "macs=huge"],
            "macs must be a positive number of MACs, such as 200G, not huge",
        ),
        (["cost", "budget", "modality=image", "find=width", "params=1..2"], "params must be a positive number"),
        (
            ["cost", "budget", "modality=image", "find=batch_size", "memory=-3"],
            "memory must be a positive number of GiB, such as 24, not -3",
        ),
        (
            ["cost", "budget", "modality=image", "find=batch_size", "memory=24G"],
            "memory must be a positive number of GiB, such as 24, not 24G",
        ),
        (
            ["cost", "budget", "modality=image", "find=size", "memory=2", "modality.data.batch_size=0"],
            "modality.data.batch_size must be 1 or more, got 0",
        ),
        (["cost", "budget", "modality=image", "find=frames", "macs=1G"], "find must be one of plan, width, batch_size"),
        (
            ["cost", "budget", "modality=image", "find=width", "macs=true"],
            "macs must be a positive number of MACs, such as 200G, not true",
        ),
    ],
)
def test_what_is_wrong_is_said(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx(*words)
    assert answer.code != 0
    assert message in answer.err
    assert "Traceback" not in answer.err
