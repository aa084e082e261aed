"""The committed cost table is what the ledger and torch's counter say today."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_table_is_reproduced_and_the_two_counts_agree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "benchmarks/cost.py"))
    monkeypatch.setitem(script["main"].__globals__, "RESULTS", tmp_path)
    assert script["main"]() == 0
    made = json.loads((tmp_path / "cost.json").read_text())
    committed = json.loads((ROOT / "benchmarks/results/cost.json").read_text())
    assert made == committed
    assert len(made["rows"]) == 4
    assert all(row["flops"] == row["torch_flops"] == 2 * row["macs"] for row in made["rows"])
    assert all(row["params"] == row["torch_params"] for row in made["rows"])
