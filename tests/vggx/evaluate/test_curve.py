"""vggx.evaluate.curve: accuracy against the number of views."""

import pytest
import torch

from vggx.evaluate.curve import MOST, counts, curve


def test_counts_of_views() -> None:
    assert counts(5) == [1, 2, 3, 4, 5]
    many = counts(150)
    assert many[0] == 1
    assert many[-1] == 150
    assert len(many) <= MOST


def test_all_views_are_the_mean_and_one_view_is_one_of_them() -> None:
    # of each file two views are right by little and one is wrong by much: single views 2/3, all three wrong
    right, wrong = torch.tensor([0.6, 0.4]), torch.tensor([0.0, 1.0])
    views = [torch.stack([right, wrong, right])] * 40
    rows = curve(views, torch.zeros(40, dtype=torch.int64), 7.0)
    assert [row["views"] for row in rows] == [1, 2, 3]
    assert [row["macs"] for row in rows] == [7, 14, 21]
    assert rows[0]["accuracy"] == pytest.approx(2 / 3, abs=0.03)
    assert rows[1]["accuracy"] == pytest.approx(1 / 3, abs=0.03)  # both right, or the wrong one wins
    assert rows[0]["low"] < rows[0]["accuracy"] < rows[0]["high"]
    assert rows[2]["accuracy"] == rows[2]["low"] == rows[2]["high"] == 0
    assert rows == curve(views, torch.zeros(40, dtype=torch.int64), 7.0)


def test_of_files_with_more_views_the_first_ones_are_taken() -> None:
    right, wrong = torch.tensor([0.6, 0.4]), torch.tensor([0.4, 0.6])
    views = [torch.stack([right, right]), torch.stack([right, right, wrong, wrong, wrong])]
    rows = curve(views, torch.tensor([0, 0]), 1.0)
    assert [(row["views"], row["low"], row["high"]) for row in rows] == [(1, 1.0, 1.0), (2, 1.0, 1.0)]


def test_one_view_is_no_curve() -> None:
    with pytest.raises(ValueError, match="two views of every file or more"):
        curve([torch.rand(3, 2), torch.rand(1, 2)], torch.tensor([0, 1]), 1.0)
