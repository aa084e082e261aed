"""The committed costs, and the tables of the pages, are what the ledger and torch's counter say today."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"
COUNTED = ("params", "flops", "flops_train", "activations")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What is committed, which the next test holds our own nets to, and the slow one after it the peers."""
    return json.loads((ROOT / "benchmarks/results/cost.json").read_text())


def test_the_committed_costs_of_our_nets_are_what_the_ledger_says_and_torch_said(
    script: Any, found: dict[str, Any]
) -> None:
    ours = [row for row in found["rows"] if "torch_flops" in row]
    assert len(ours) == 28  # nine plans in three modalities, and pooled bands
    for row in ours:
        assert [row[name] for name in COUNTED] == [row[f"torch_{name}"] for name in COUNTED], row["plan"]
    now = script.cost(script.nets(), script.Terms(script.CLASSES))
    of_peers = {"note": "", "published_gmacs": None}
    for row, said in zip(json.loads(json.dumps(now["rows"])), ours, strict=True):
        assert row | of_peers | {f"torch_{name}": said[f"torch_{name}"] for name in COUNTED} == said
    assert now["convention"] == found["convention"]
    assert json.loads(json.dumps(script.growth(script.usual(), script.CLASSES)["rows"])) == found["growth"]


@pytest.mark.parametrize("place", [0, 14, 27])
def test_torch_counts_a_net_of_each_modality_as_is_committed(script: Any, found: dict[str, Any], place: int) -> None:
    """The first, middle and last of ours; the ledger's own tests hold every plan to torch's counts."""
    counted = script.counted(script.nets()[place].modality)
    assert [getattr(counted, name) for name in COUNTED] == [found["rows"][place][name] for name in COUNTED]


@pytest.mark.slow
def test_all_committed_costs_are_reproduced(script: Any, found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(script.measured())) == found


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
