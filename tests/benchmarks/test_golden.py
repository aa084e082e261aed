"""The comparison of two commits: equal answers pass, any other is named with the place where it differs."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

OLD = {"cost": [{"layer": "conv1_1", "macs": 27}, {"layer": "fc", "macs": 10}], "weights": "ab", "names": ["a", "b"]}


def test_the_same_answers_are_equal(script: Any) -> None:
    rows = script.compared(OLD, {**OLD, "cost": [dict(row) for row in OLD["cost"]]})
    assert [(row["question"], row["equal"]) for row in rows] == [("cost", True), ("weights", True), ("names", True)]


@pytest.mark.parametrize(
    ("new", "question", "first"),
    [
        ({**OLD, "weights": "ac"}, "weights", "ab -> ac"),
        ({**OLD, "cost": [OLD["cost"][0], {"layer": "fc", "macs": 11}]}, "cost", "[1].macs 10 -> 11"),
        ({**OLD, "cost": [OLD["cost"][0], {"layer": "fc"}]}, "cost", "[1].macs 10 -> None"),
        ({**OLD, "names": ["b", "a"]}, "names", "[0] a -> b"),
        ({**OLD, "names": ["a"]}, "names", "['a', 'b'] -> ['a']"),
        ({key: value for key, value in OLD.items() if key != "weights"}, "weights", "ab -> None"),
        ({**OLD, "more": 1}, "more", "None -> 1"),
    ],
)
def test_what_differs_is_named(script: Any, new: dict[str, Any], question: str, first: str) -> None:
    different = {row["question"]: row["first"] for row in script.compared(OLD, new) if not row["equal"]}
    assert different == {question: first}


def test_the_hash_is_of_values_types_and_order_alone(script: Any) -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0])
    same = script.sha256({"x": a, "y": b})
    assert script.sha256({"p": a.clone(), "q": b.clone()}) == same
    others = [{"y": b, "x": a}, {"x": a.double(), "y": b}, {"x": a.nextafter(b), "y": b}, {"x": a[None], "y": b}]
    assert len({script.sha256(other) for other in others} | {same}) == 5


def test_a_commit_is_unpacked_beside_the_working_tree(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "code.py").write_text("old")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (tmp_path / "code.py").write_text("new")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    with script.tree("HEAD") as base, script.tree(None) as new:
        assert [(code / "code.py").read_text() for code in (base, new)] == ["old", "new"]
    assert not base.exists()
    assert new == tmp_path
