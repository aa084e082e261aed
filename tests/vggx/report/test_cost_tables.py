"""vggx.report: quantities, Markdown, and which tables rows of `vggx cost` make."""

from typing import Any

import pytest

from vggx.report import cost_tables
from vggx.report.rows import markdown
from vggx.report.tables import quantity, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (0.04, "0.04"),
        (999.4, "999.4"),
        (999.96, "1.000 k"),
        (1000, "1.000 k"),
        (999_950, "1.000 M"),
        (15_470_264_320, "15.47 G"),
        (138_357_544, "138.4 M"),
        (1.2276e15, "1.228 P"),
        (-2500, "-2.500 k"),
        (None, "-"),
        ("none", "none"),
        (True, "true"),
        ([3, 224, 224], "3 x 224 x 224"),
    ],
)
def test_quantity(value: Any, text: str) -> None:
    assert quantity(value) == text


def test_markdown_has_every_digit_and_no_bar_of_its_own() -> None:
    rows = [{"net": "a|b", "macs": 15_470_264_320}, {"net": "c", "macs": None}]
    assert markdown(rows) == "| net | macs |\n| --- | --- |\n| a&#124;b | 15,470,264,320 |\n| c | - |\n"
    assert words(15_470_264_320) == "15,470,264,320"


ROW = {
    "modality": "image", "plan": "D", "norm": "none", "input_shape": [3, 8, 8], "params": 1234, "macs": 5678,
    "flops": 2 * 5678, "flops_train": 30_000, "frontend_flops": 0, "activations": 10, "input": "8 x 8 pixels",
    "views": 1, "rows": 1, "seconds_of_input": 0.04, "flops_per_decision": 2 * 5678, "flops_per_second": 283_900.0,
    "saved_bytes": 4321, "moved_bytes": 8765, "intensity": 1.5,
}  # fmt: skip


def test_tables_of_what_the_rows_have(capsys: pytest.CaptureFixture[str]) -> None:
    cost_tables.show({"convention": "the convention", "rows": [ROW]}, "net")
    said = capsys.readouterr().out
    assert said.startswith("the convention")
    for part in ("5.678 k", "11.36 k", "283.9 k", "4.321 k", "8.765 k"):
        assert part in said
    for part in ("peak GiB", "MFU", "published"):
        assert part not in said
    peer = dict.fromkeys(ROW) | {"modality": "video", "plan": "lib:net", "published_gmacs": 40.697, "note": "why not"}
    more = {"device": "H200", "max_mfu": 0.892, "peak_memory": 10_485_760, "published_gmacs": None, "note": ""}
    cost_tables.show({"convention": "", "rows": [ROW | more, peer]}, "net")
    said = capsys.readouterr().out
    for part in ("published GMACs", "40.7", "lib:net: why not", "The most that H200 can do", "0.892", "0.010"):
        assert part in said


def test_parts_are_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    part = {"layer": "conv1_1", "output": [8, 8], "bound": "memory", "train_us": 12.5}
    cost_tables.show({"convention": "", "rows": [ROW | part]}, "layer")
    said = capsys.readouterr().out
    for word in ("conv1_1", "8 x 8", "memory", "12.5"):
        assert word in said
    assert "views" not in said


def test_folded_bands_and_budgets(capsys: pytest.CaptureFixture[str]) -> None:
    cost_tables.show({"convention": "", "rows": [ROW | {"rows": 4}]}, "net")
    assert "4 x (3 x 8 x 8)" in capsys.readouterr().out
    found = ROW | {"width": 0.379, "fits": True, "peak_memory": 3 * 2**29}
    cost_tables.show_budget([found, found | {"width": 0.38, "fits": False, "peak_memory": None}], "width")
    said = capsys.readouterr().out
    for part in ("The largest width that fits", "0.379", "0.38", "1.500", "true", "false"):
        assert part in said
