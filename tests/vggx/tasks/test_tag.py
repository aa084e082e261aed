"""vggx.tasks.tag: measures against scikit-learn, thresholds by trying all, and what a card and a prediction hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, f1_score
from torch.nn import functional as F

from vggx import tasks
from vggx.data.listing import Listing, Sample
from vggx.options import Recipe, TagOptions
from vggx.tasks.tag import Tag, best_threshold

NAMES = ["ant", "bee", "cat"]


def made(thresholds: list[float] | None = None) -> Tag:
    task = Tag(TagOptions(), NAMES)
    task.thresholds = thresholds or task.thresholds
    return task


def drawn(files: int = 60, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores that lean towards the truth."""
    generator = torch.Generator().manual_seed(seed)
    truth = (torch.rand(files, 3, generator=generator) < 0.4).float()
    return (torch.randn(files, 3, generator=generator) + truth).sigmoid(), truth


def test_measures_are_scikit_learns() -> None:
    scores, truth = drawn()
    found, chosen = made([0.3, 0.5, 0.7]).measures(scores, truth), (scores >= torch.tensor([0.3, 0.5, 0.7])).numpy()
    assert found["map"] == pytest.approx(average_precision_score(truth, scores, average="macro"))
    assert found["macro_f1"] == pytest.approx(f1_score(truth, chosen, average="macro"))
    assert found["micro_f1"] == pytest.approx(f1_score(truth, chosen, average="micro"))


def test_a_class_that_no_file_is_of_is_left_out_of_the_mean() -> None:
    scores, truth = drawn()
    truth[:, 1] = 0
    figures = made().figures(scores, truth)
    expected = average_precision_score(truth[:, [0, 2]], scores[:, [0, 2]], average="macro")
    assert figures["map"] == pytest.approx(expected)
    assert figures["average_precision"]["bee"] is None
    assert made().told(figures).endswith("; without bee, of which there is no file")
    json.dumps(figures, allow_nan=False)


def test_files_of_no_class_at_all() -> None:
    scores = torch.full((4, 3), 0.2)
    assert made().measures(scores, torch.zeros(4, 3)) == {"map": 0.0, "macro_f1": 0.0, "micro_f1": 0.0}


@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_is_better(seed: int) -> None:
    scores, truth = drawn(25, seed)
    scores = (scores * 10).round() / 10  # with ties
    made_of = [f1_score(truth[:, 0], scores[:, 0] >= cut, zero_division=0) for cut in np.linspace(0.001, 0.999, 999)]
    cut = best_threshold(scores[:, 0], truth[:, 0])
    assert f1_score(truth[:, 0], scores[:, 0] >= cut) == pytest.approx(max(made_of))


def test_thresholds_by_hand() -> None:
    scores, truth = torch.tensor([0.9, 0.6, 0.4, 0.1]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert best_threshold(scores, truth) == pytest.approx(0.5)
    assert best_threshold(scores, torch.ones(4)) == pytest.approx(0.05)  # all are said, below the least of them
    assert best_threshold(scores, torch.zeros(4)) == 0.5
    task = made()
    task.settle(torch.stack([scores] * 3, 1), torch.stack([truth, 1 - truth, torch.zeros(4)], 1))
    assert task.thresholds == pytest.approx([0.5, 0.05, 0.5])


def test_the_loss_is_binary_cross_entropy() -> None:
    logits, target = torch.tensor([[2.0, -1.0, 0.5]]), torch.tensor([[1.0, 0.0, 1.0]])
    p = logits.sigmoid()
    expected = -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    assert made().loss(logits, target).item() == pytest.approx(expected.item())
    smooth = target * 0.8 + 0.1
    assert made().loss(logits, target, 0.2).item() == pytest.approx(F.binary_cross_entropy(p, smooth).item())


def test_its_targets_can_be_mixed() -> None:
    made().check(Recipe(mixup=0.4, cutmix=1.0))


# data


def listing(*targets: tuple[int, ...], val: list[tuple[int, ...]] | None = None) -> Listing:
    found = Listing(NAMES)
    found.splits["train"] = [Sample(f"{n}.png", target) for n, target in enumerate(targets)]
    found.splits["val"] = [Sample(f"v{n}.png", target) for n, target in enumerate(val or [])]
    return found


def test_a_class_without_a_training_file_is_refused_and_one_without_a_validation_file_noted() -> None:
    with pytest.raises(ValueError, match=r"no training file is of the class cat: it could not be learned"):
        made().begin(listing((0, 1), (), (1,)))
    data = listing((0, 1), (2,), val=[(0,), (2,)])
    made().begin(data)
    assert data.notes == ["no val file is of the class bee: the mean of average precision leaves it out"]
    data = listing((0, 1), (2,))
    made().begin(data)
    assert data.notes == ["there are no validation files to choose thresholds on: each is 0.5"]


# what is told


def test_a_prediction_names_all_above_their_thresholds() -> None:
    task = made([0.5, 0.2, 0.9])
    row = task.row(torch.tensor([0.6, 0.7, 0.8]), 1)
    assert row["labels"] == ["bee", "ant"]
    assert row["scores"] == pytest.approx({"ant": 0.6, "bee": 0.7, "cat": 0.8})
    rows = [{"path": "a", **row, "error": None}, {"path": "b", **task.row(None, 1), "error": "b: is empty"}]
    assert task.flat(rows)[0]["labels"] == "bee;ant"
    assert list(task.flat(rows)[0]) == ["path", "labels", "score_ant", "score_bee", "score_cat", "error"]
    assert [task.line(each)["labels"] for each in rows] == ["bee 0.700, ant 0.600", "b: is empty"]
    assert task.line({"path": "a", "labels": [], "scores": {}, "error": None})["labels"] == "none"


def test_a_card_keeps_the_thresholds() -> None:
    card = {"classes": NAMES, "task": made([0.1, 0.2, 0.3]).card()}
    assert card["task"] == {"name": "tag", "thresholds": [0.1, 0.2, 0.3]}
    found: Any = tasks.of_card(card)
    assert (found.thresholds, found.names) == ([0.1, 0.2, 0.3], NAMES)


@pytest.mark.parametrize("thresholds", [None, [0.1], [0.1, 0.2, float("nan")], [0.1, 0.2, "0.3"], [0.1, 0.2, 1.5]])
def test_thresholds_of_a_card_that_cannot_be(thresholds: Any) -> None:
    with pytest.raises(ValueError, match="the card's thresholds are"):
        tasks.of_card({"classes": NAMES, "task": {"name": "tag", "thresholds": thresholds}})


def test_the_report_has_a_row_for_each_class(tmp_path: Path) -> None:
    scores, truth = drawn()
    truth[:, 2] = 0
    made().report(scores, truth, "files $x$", tmp_path, "some_")
    lines = (tmp_path / "some_report.csv").read_text().splitlines()
    assert lines[0] == "class,average_precision,threshold,precision,recall,f1,files"
    assert lines[3].startswith("cat,,0.5,0.0,0.0,0.0,0")
    assert (tmp_path / "some_precision.png").stat().st_size > 1000
