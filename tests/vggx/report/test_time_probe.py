"""vggx.report.time_probe: what is shown, written and drawn are the rows' values."""

import csv
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from vggx.report import time_probe


def row(name: str, accuracy: float, low: float, high: float) -> dict[str, Any]:
    of_accuracy = {"clips": name, "accuracy": accuracy, "low_95": low, "high_95": high}
    return of_accuracy | {"macro_f1": accuracy / 2, "change": accuracy - 1, "same_top_class": 0.625}


PROBE = {
    "seed": 7,
    "chance": 0.25,
    "rows": [row("as they are", 1.0, 0.977, 1.0), row("shuffled", 0.5, 0.4, 0.6), row("still", 0.0, 0.0, 0.023)],
}


def test_files_hold_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    save = time_probe.save

    def kept(figure: Figure, path: Path) -> None:
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(time_probe, "save", kept)
    time_probe.write(PROBE, "video, $test$", tmp_path, "evaluate_test_")
    assert {path.name for path in tmp_path.iterdir()} == {
        "evaluate_test_time_probe.csv",
        "evaluate_test_time_probe.png",
    }
    with (tmp_path / "evaluate_test_time_probe.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [{name: value if name == "clips" else float(value) for name, value in line.items()} for line in read] == (
        PROBE["rows"]
    )
    assert (tmp_path / "evaluate_test_time_probe.png").read_bytes().startswith(b"\x89PNG")
    (axes,) = figures[0].axes
    assert [bar.get_height() for bar in axes.patches] == [1.0, 0.5, 0.0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "as they are\n1.000",
        "shuffled\n0.500",
        "still\n0.000",
    ]
    (reaches,) = [[segment[:, 1].tolist() for segment in c.get_segments()] for c in axes.collections]
    assert [end for pair in reaches for end in pair] == pytest.approx([0.977, 1.0, 0.4, 0.6, 0.0, 0.023])
    (chance,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert list(chance.get_ydata()) == [0.25, 0.25]
    assert [text.get_text() for text in axes.texts] == ["chance\n0.250"]
    assert not axes.title.get_parse_math()


def test_the_table_says_interval_change_chance_and_seed(capsys: pytest.CaptureFixture[str]) -> None:
    time_probe.show(PROBE)
    shown = capsys.readouterr().out
    assert "seed 7; chance is 0.250" in shown
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]
    assert lines[0] == ["as they are", "1", "0.977 to 1.000", "0.5", "+0.000", "62.5%"]
    assert lines[1] == ["shuffled", "0.5", "0.400 to 0.600", "0.25", "-0.500", "62.5%"]
