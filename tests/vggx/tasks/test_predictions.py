"""vggx.tasks.predictions: views averaged by hand, measures against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, top_k_accuracy_score
from torch import Tensor, nn

from vggx.data.batch import Batch
from vggx.options import ClassifyOptions, Recipe
from vggx.tasks.classify import Classify
from vggx.tasks.module import TaskModule
from vggx.tasks.predictions import Predictions, by_file, joined, measures, wilson_interval


def random_scores(count: int, classes: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Scores that lean towards the label, so that no measure is at its end."""
    torch.manual_seed(seed)
    labels = torch.randint(classes, (count,))
    logits = torch.randn(count, classes)
    logits[torch.arange(count), labels] += 1.0
    return logits.softmax(1), labels


class Logits(nn.Module):
    """The input is the logits."""

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        return x


def classify_task() -> TaskModule:
    return TaskModule(Logits(), Classify(ClassifyOptions(), ["a", "b"]), Recipe(optimizer="sgd", lr=0.1), {})


# by_file


def test_views_of_a_file_are_averaged() -> None:
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.3, 0.7]])
    labels = torch.tensor([0, 1, 0, 1, 0])
    files = torch.tensor([7, 3, 7, 3, 7])
    mean, owner = by_file(scores, labels, files)
    # file 3: rows 1 and 3; file 7: rows 0, 2 and 4
    torch.testing.assert_close(mean, torch.tensor([[0.4, 0.6], [0.5, 0.5]]))
    assert owner.tolist() == [1, 0]


def test_one_view_each_is_left_as_it_is_in_the_order_of_the_files() -> None:
    scores, labels = random_scores(6, 3)
    files = torch.tensor([5, 1, 3, 0, 4, 2])
    mean, owner = by_file(scores, labels, files)
    assert torch.equal(mean, scores[files.argsort()])
    assert torch.equal(owner, labels[files.argsort()])


def test_the_mean_can_be_right_where_most_views_are_wrong() -> None:
    scores = torch.tensor([[0.45, 0.55], [0.45, 0.55], [0.9, 0.1]])
    labels, files = torch.zeros(3, dtype=torch.int64), torch.zeros(3, dtype=torch.int64)
    assert measures(scores, labels)["accuracy"] == pytest.approx(1 / 3)
    assert measures(*by_file(scores, labels, files))["accuracy"] == 1.0


def test_averaging_is_numpys() -> None:
    scores, _ = random_scores(200, 4)
    files = torch.randint(1000, (200,))
    labels = files % 4
    mean, owner = by_file(scores, labels, files)
    for row, name in enumerate(np.unique(files.numpy())):
        np.testing.assert_allclose(mean[row], scores[files == name].numpy().mean(0), rtol=1e-5)
        assert owner[row] == name % 4


# measures


@pytest.mark.parametrize("classes", [2, 3, 5, 6, 20])
def test_measures_are_scikit_learns(classes: int) -> None:
    scores, labels = random_scores(300, classes, seed=classes)
    found, guess = measures(scores, labels), scores.argmax(1)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, guess))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, guess, average="macro"))
    assert 0 < found["macro_f1"] < 1
    if classes > 5:
        assert found["top5_accuracy"] == pytest.approx(top_k_accuracy_score(labels, scores, k=5, labels=range(classes)))
    else:
        assert "top5_accuracy" not in found


def test_a_class_that_no_one_names_does_not_count_in_macro_f1() -> None:
    scores = torch.eye(4)[[0, 1, 1, 0]]
    labels = torch.tensor([0, 1, 0, 0])
    # class 0: precision 1, recall 2/3, F1 0.8; class 1: precision 1/2, recall 1, F1 2/3; classes 2 and 3: no case
    assert measures(scores, labels)["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert measures(scores, labels)["macro_f1"] == pytest.approx(f1_score(labels, scores.argmax(1), average="macro"))


def test_a_class_that_is_never_found_counts_as_0() -> None:
    scores = torch.eye(2)[[0, 0, 0, 0]]
    labels = torch.tensor([0, 0, 1, 1])
    assert measures(scores, labels) == pytest.approx({"accuracy": 0.5, "macro_f1": 1 / 3})


def test_top_5_by_hand() -> None:
    scores = torch.tensor([[0.3, 0.25, 0.2, 0.1, 0.09, 0.06]]).repeat(3, 1)
    found = measures(scores, torch.tensor([0, 4, 5]))
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["top5_accuracy"] == pytest.approx(2 / 3)


def test_a_single_class_is_always_right() -> None:
    assert measures(torch.ones(3, 1), torch.zeros(3, dtype=torch.int64)) == {"accuracy": 1.0, "macro_f1": 1.0}


# Predictions


def test_batches_are_kept_in_order() -> None:
    metric = Predictions()
    scores, labels, files = torch.randn(7, 3), torch.arange(7) % 3, torch.arange(7) * 10
    for part in (slice(0, 3), slice(3, 4), slice(4, 7)):
        metric.update(scores[part], labels[part], files[part])
    for found, given in zip(metric.compute(), (scores, labels, files), strict=True):
        assert torch.equal(found, given)


@pytest.mark.parametrize("shape", [(), (3,), (2, 4, 4)])
def test_axes_of_scores_and_targets_stay_also_of_one_view(shape: tuple[int, ...]) -> None:
    metric = Predictions()
    given = torch.rand(1, 1, *shape), torch.rand(1, *shape), torch.tensor([4])
    metric.update(*given)
    for found, part in zip(metric.views(), given, strict=True):
        assert torch.equal(found, part)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_logits_are_scored_in_full_precision_as_softmax(dtype: torch.dtype) -> None:
    task = classify_task()
    logits = torch.tensor([[8.0, 0.0, -8.0]], dtype=dtype, requires_grad=True)
    task.evaluation_step(Batch(logits, torch.tensor([0]), file=torch.tensor([0])))
    scores, _, _ = task.predictions.views()
    assert scores.dtype == torch.float32
    assert not scores.requires_grad
    torch.testing.assert_close(scores, logits.detach().float().exp() / logits.detach().float().exp().sum())


def test_more_may_follow_a_result_and_reset_forgets_all() -> None:
    metric = Predictions()
    batch = torch.randn(2, 3), torch.tensor([1, 0]), torch.tensor([0, 1])
    for count in (2, 4):
        metric.update(*batch)
        assert [len(part) for part in metric.compute()] == [count] * 3
    metric.reset()
    metric.update(*batch)
    assert [len(part) for part in metric.compute()] == [2, 2, 2]


def test_a_split_of_one_file_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchmetrics hands out tensors of one number as scalars."""
    task = classify_task()
    logged: dict[str, float] = {}
    monkeypatch.setattr(task, "log_dict", logged.update)
    task.validation_step(Batch(torch.tensor([[0.0, 2.0]]), torch.tensor([1]), file=torch.tensor([0])), 0)
    task.on_validation_epoch_end()
    assert logged["val_accuracy"] == 1.0
    assert task.file_scores.shape == (1, 2)
    assert task.file_targets.tolist() == [1]


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_a_split_of_which_no_file_can_be_read_is_named() -> None:
    task = classify_task()
    task.test_step(Batch(bad={"a.png": "truncated"}), 0)
    with pytest.raises(ValueError, match="none of the test files can be read"):
        task.on_test_epoch_end()


def test_views_keep_their_axes() -> None:
    metric = Predictions()
    for count in (1, 2):
        metric.update(torch.zeros(1, 4), torch.tensor([3]), torch.tensor([8]))
        scores, labels, files = metric.views()
        assert torch.equal(scores, torch.zeros(count, 4))
        assert (labels.tolist(), files.tolist()) == ([3] * count, [8] * count)


def test_nothing_gives_empty_tensors() -> None:
    with pytest.warns(UserWarning, match="before the ``update`` method"):
        assert [len(part) for part in Predictions().compute()] == [0, 0, 0]


def test_parts_that_the_devices_have_gathered_stay_as_they_are() -> None:
    whole = torch.arange(3)
    assert joined(whole) is whole
    assert torch.equal(joined([whole, whole + 3]), torch.arange(6))
    assert len(joined([])) == 0


# intervals


def test_interval_is_wilsons() -> None:
    # Wilson (1927) by hand: 8 of 10 -> (0.4902, 0.9433)
    assert wilson_interval(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    low, high = wilson_interval(1.0, 60)
    assert high == 1.0
    assert low == pytest.approx(60 / (60 + 1.959964**2), abs=1e-4)
