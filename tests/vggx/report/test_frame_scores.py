"""vggx.report.frame_scores: a row for every step, and labels as Audacity reads them."""

import csv
from pathlib import Path

import torch

from vggx.inference.cells import CellTime
from vggx.report.frame_scores import targets, write

TIMES = [CellTime(0.0, 0.5, 0.2), CellTime(0.0, 0.7, 0.4), CellTime(0.3, 0.9, 0.6), CellTime(0.5, 0.95, 0.8)]


def test_steps_with_the_same_first_class_are_one_label(tmp_path: Path) -> None:
    scores = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    write(tmp_path / "a.b", ["dog\tbark", "rain"], scores, TIMES, 0.95)
    assert (tmp_path / "a.b.txt").read_text() == (
        "0.000000\t0.500000\tdog bark\n0.500000\t0.700000\train\n0.700000\t0.950000\tdog bark\n"
    )


def test_one_label_lasts_from_end_to_end(tmp_path: Path) -> None:
    write(tmp_path / "a", ["x", "y"], torch.tensor([[0.2, 0.8]] * 4), TIMES, 0.95)
    assert (tmp_path / "a.txt").read_text() == "0.000000\t0.950000\ty\n"


def test_every_step_has_a_row(tmp_path: Path) -> None:
    scores = torch.rand(4, 3).softmax(1)
    write(tmp_path / "a", ["x", "y, z", 'q"'], scores, TIMES, 0.95)
    header, *rows = csv.reader((tmp_path / "a.csv").open())
    assert header == ["from", "to", "time", "x", "y, z", 'q"']
    found = torch.tensor([[float(value) for value in row] for row in rows])
    torch.testing.assert_close(found, torch.cat([torch.tensor(TIMES), scores], 1), rtol=1e-5, atol=1e-6)


def test_files_of_one_name_do_not_collide() -> None:
    paths = ["a/x.wav", "b/x.flac", "x_2.wav", "c/X.wav", "frames/clip/", "no_ending"]
    names = [target.name for target in targets(Path("out"), paths)]
    assert names == ["x", "x_2", "x_2_2", "X_3", "clip", "no_ending"]
