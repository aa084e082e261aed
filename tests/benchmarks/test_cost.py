"""The committed costs, and the tables of the pages, are what the ledger and torch's counter say today."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def found(script: Any) -> dict[str, Any]:
    return script.measured()


def test_the_committed_costs_are_reproduced_and_torch_agrees(found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found)) == json.loads((ROOT / "benchmarks/results/cost.json").read_text())
    ours = [row for row in found["rows"] if "torch_flops" in row]
    assert len(ours) == 28  # nine plans in three modalities, and pooled bands
    for row in ours:
        for name in ("params", "flops", "flops_train", "activations"):
            assert row[name] == row[f"torch_{name}"], (row["modality"], row["plan"], name)


@pytest.mark.parametrize("page", ["README.md", "docs/cost.md"])
def test_the_tables_of_the_pages_are_reckoned_anew(script: Any, found: dict[str, Any], page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert script.fill(text, script.pages(found, script.bare())[page]) == text


def test_a_page_without_a_place_for_a_table_is_refused(script: Any) -> None:
    assert script.fill("<!-- a -->\nold\n<!-- /a -->", {"a": "new"}) == "<!-- a -->\n\nnew\n<!-- /a -->"
    with pytest.raises(ValueError, match="the page has 0 places for the table b, and needs one"):
        script.fill("<!-- a -->\n<!-- /a -->", {"b": "new"})


def test_pictures(script: Any, found: dict[str, Any], tmp_path: Path) -> None:
    script.pictures(found, tmp_path)
    for name in ("by_layer.png", "params_flops.png", "growth.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)
        assert (ROOT / "benchmarks/results" / name).is_file()
