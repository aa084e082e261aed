"""The plateau: nets begin with the spread that their row says, and the page has the table of the results."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("spread", [10.0, 1e-3])
def test_a_net_begins_with_the_spread_asked_for(script: Any, spread: float) -> None:
    torch.manual_seed(0)
    x, _ = script.digits()
    assert script.scaled("mini", x, spread)(x).std().item() == pytest.approx(spread, rel=1e-3)


def test_the_page_has_the_table_of_the_results(script: Any) -> None:
    rows = json.loads((ROOT / "benchmarks/results/plateau.json").read_text())["rows"]
    assert script.markdown(rows) in (ROOT / "docs/probe.md").read_text()
