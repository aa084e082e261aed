"""The page's table of what encoding anew is worth is that of the committed result."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "benchmarks/reencode.py"))


def test_the_table_of_the_page() -> None:
    page = (ROOT / "modalities/video/README.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "benchmarks/results/reencode.json").read_text(encoding="utf-8"))
    assert found["command"] in page
    assert len(found["rows"]) == (len(SCRIPT["SIZES"]) + 1) * len(SCRIPT["SHORT_SIDES"])
    for row in found["rows"]:
        cells = [
            row[name] for name in ("films", "short_side", "bytes", "ms_per_clip_before", "ms_per_clip_after", "ratio")
        ]
        assert f"| {' | '.join(map(str, cells))} |" in page


def test_the_orders_of_the_clips_differ() -> None:
    orders = SCRIPT["ORDERS"]
    assert len(set(orders.values())) == len(orders)
    assert all(sorted(order) == list(range(len(SCRIPT["CLIPS"]))) for order in orders.values())
