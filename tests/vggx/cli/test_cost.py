"""vggx cost, as it is called."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from vggx.plans import PLANS


def rows_of(answer: Any) -> list[dict[str, Any]]:
    assert answer.code == 0, answer.err
    return json.loads(answer.out)["rows"]


def test_cost_is_the_same_in_every_format(vggx: Any) -> None:
    words = ("cost", "modality=image", "modality.net.plan=D")
    (row,) = rows_of(vggx(*words, "format=json"))
    assert (row["flops"], row["flops_train"]) == (30_940_528_640, 92_648_177_664)
    (line,) = csv.DictReader(io.StringIO(vggx(*words, "format=csv").out))
    assert {name: int(line[name]) for name in ("macs", "params")} == {name: row[name] for name in ("macs", "params")}
    names, _, values = vggx(*words, "format=markdown").out.splitlines()
    assert dict(zip(names.split(" | "), values.split(" | "), strict=True))["flops"] == "30,940,528,640"
    table = vggx(*words)
    assert "FLOPs (= 2 MACs)" in table.out
    assert "30.94 G" in table.out


def test_every_plan_in_every_modality(vggx: Any) -> None:
    rows = rows_of(vggx("cost", "format=json"))
    assert [(row["modality"], row["plan"]) for row in rows] == [
        (modality, plan) for modality in ("audio", "image", "video") for plan in PLANS
    ]


def test_cost_into_a_file(vggx: Any) -> None:
    assert vggx("cost", "format=json", "output=my cost.json").code == 0
    assert json.loads(Path("my cost.json").read_text())["rows"]
    assert "output=FILE goes with" in vggx("cost", "output=x").err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cost", "bugdet"], "there is no command 'cost bugdet'; did you mean budget? Known: cost budget | growth"),
        (["cost", "compare=r3d_18"], "a peer is written library:net, such as torchvision:r3d_18, not 'r3d_18'"),
    ],
)
def test_what_is_wrong_is_said(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx(*words)
    assert answer.code != 0
    assert message in answer.err
