"""vggx.evaluate.measures: errors and calibration against scikit-learn and by hand, and their intervals."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, top_k_accuracy_score

from vggx.evaluate.measures import calibration_error, errors
from vggx.tasks.predictions import measures


@pytest.fixture(scope="module")
def judged() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(300, 8, generator=generator).mul(2).softmax(1)
    labels = torch.where(torch.rand(300, generator=generator) < 0.6, scores.argmax(1), torch.arange(300) % 8)
    return scores, labels


def test_errors_are_scikit_learns(judged: tuple[torch.Tensor, torch.Tensor]) -> None:
    scores, labels = judged
    found = errors(scores, labels)
    for name, places in (("top1_error", 1), ("top5_error", 5)):
        assert found[name] == pytest.approx(1 - top_k_accuracy_score(labels, scores, k=places))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, scores.argmax(1), average="macro"))
    trained_with = measures(scores, labels)
    assert found["top1_error"] == pytest.approx(1 - trained_with["accuracy"], abs=1e-6)
    assert found["macro_f1"] == pytest.approx(trained_with["macro_f1"], abs=1e-6)


def test_a_class_that_is_only_predicted_and_one_that_is_only_there_count() -> None:
    """Of five classes 3 is never the label, 2 never predicted, and 4 neither, which is left out."""
    labels, predicted = torch.tensor([0, 0, 0, 1, 1, 2]), torch.tensor([0, 0, 3, 1, 0, 1])
    scores = torch.eye(5)[predicted] * 0.6 + 0.08
    expected = f1_score(labels, predicted, average="macro")
    assert expected == pytest.approx((2 / 3 + 1 / 2 + 0 + 0) / 4)
    assert errors(scores, labels)["macro_f1"] == pytest.approx(expected)


def test_calibration_error_by_hand() -> None:
    # bins of 1/15: two files at 0.9, one of them right, and two at 0.6, both right
    confidence, hits = torch.tensor([0.9, 0.9, 0.6, 0.6]), torch.tensor([True, False, True, True])
    assert calibration_error(confidence, hits) == pytest.approx(0.5 * (0.9 - 0.5) + 0.5 * (1 - 0.6))


def test_the_interval_of_the_error_is_that_of_its_binomial(judged: tuple[torch.Tensor, torch.Tensor]) -> None:
    found = errors(*judged)
    error = found["top1_error"]
    low, high = found["intervals_95"]["top1_error"]
    half = 1.96 * np.sqrt(error * (1 - error) / 300)
    assert low < error < high
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)
    assert found == errors(*judged)
    assert found["intervals_95"] != errors(*judged, seed=1)["intervals_95"]


def test_two_classes_have_no_top_five() -> None:
    found = errors(torch.tensor([[0.8, 0.2], [0.4, 0.6]]), torch.tensor([0, 1]))
    assert found["top1_error"] == 0
    assert found["macro_f1"] == 1
    assert "top5_error" not in found
    assert found["calibration_error"] == pytest.approx(0.5 * 0.2 + 0.5 * 0.4)
    assert found["intervals_95"]["top1_error"] == [0, 0]
