"""vggx.evaluate.svm: features of length 1, folds that tear no group, and the C of scikit-learn's own grid search."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import LinearSVC

from vggx.evaluate import svm


def clouds(files: int = 60, classes: int = 3) -> tuple[svm.Features, svm.Numbers]:
    """Descriptors around the corner of each class, wide enough that some are mistaken."""
    draw = np.random.default_rng(0)
    labels = np.arange(files) % classes
    return (np.eye(classes, 6)[labels] + draw.normal(0, 0.4, (files, 6))).astype(np.float32), labels


def test_scales_are_averaged_or_stacked_and_the_length_is_taken_last() -> None:
    features = np.array([[[3.0, 0.0], [5.0, 6.0]], [[0.0, 0.0], [0.0, 0.0]]], np.float32)
    assert svm.combined(features, "average").tolist() == [[pytest.approx(0.8), pytest.approx(0.6)], [0.0, 0.0]]
    stacked = svm.combined(features, "stack")
    assert stacked.shape == (2, 4)
    # 3, 0, 5, 6 by the root of 70: the scales keep their weights against each other
    np.testing.assert_allclose(stacked[0], np.array([3, 0, 5, 6]) / 70**0.5, rtol=1e-6)
    assert stacked[1].tolist() == [0.0] * 4


def test_no_group_is_torn_and_every_file_is_held_out_once() -> None:
    labels = np.arange(60) % 3
    groups = [f"speaker {number // 6}" for number in range(60)]
    parts = svm.folds(labels, groups, 0)
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(60))
    for fitted, held in parts:
        assert not {groups[place] for place in fitted} & {groups[place] for place in held}


def test_files_without_a_group_are_free_beside_those_with_one() -> None:
    labels = np.array([0, 1] * 10)
    groups = ["film"] * 8 + [""] * 12
    parts = svm.folds(labels, groups, 0)
    assert len(parts) > 1
    assert all({*range(8)} <= set(held.tolist()) or not {*range(8)} & set(held.tolist()) for _, held in parts)


def test_without_groups_every_fold_has_every_class_alike() -> None:
    labels = np.repeat([0, 1], [40, 20])
    assert [np.bincount(labels[held]).tolist() for _, held in svm.folds(labels, [""] * 60, 0)] == [[8, 4]] * 5


def test_there_are_as_many_folds_as_the_smallest_class_allows() -> None:
    assert len(svm.folds(np.array([0] * 9 + [1] * 3), [""] * 12, 0)) == 3
    assert len(svm.folds(np.array([0, 1] * 10), ["a"] * 10 + ["b"] * 10, 0)) == 2


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        ([0, 0, 1], ["", "", ""], "a class has one training file"),
        ([0, 1, 0, 1], ["a"] * 4, "all files are of the group 'a'"),
        ([0, 0, 1, 1], ["a", "a", "b", "b"], "files of one class are left"),
    ],
)
def test_where_c_cannot_be_chosen_one_is_asked_for(labels: list[int], groups: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=rf"{message}.*C=\[1\]"):
        svm.folds(np.array(labels), groups, 0)


def test_the_choice_is_that_of_scikit_learns_grid_search() -> None:
    features, labels = clouds()
    candidates = [10.0, 0.001, 0.1, 1.0]
    choice = svm.choose(features, labels, [""] * 60, candidates, 0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    machine = LinearSVC(random_state=0, max_iter=svm.ITERATIONS)
    search = GridSearchCV(machine, {"C": sorted(candidates)}, cv=folds).fit(features, labels)
    assert [row["C"] for row in choice.rows] == sorted(candidates)
    np.testing.assert_allclose([row["accuracy"] for row in choice.rows], search.cv_results_["mean_test_score"])
    assert search.best_params_ == {"C": choice.C}
    assert 0.5 < search.best_score_ < 1
    assert (choice.folds, choice.grouped) == (5, False)


def test_of_candidates_that_are_right_as_often_the_smallest_is_taken() -> None:
    labels = np.arange(20) % 2
    choice = svm.choose(np.eye(2, dtype=np.float32)[labels], labels, [""] * 20, [100, 1, 10], 0)
    assert [row["accuracy"] for row in choice.rows] == [1.0] * 3
    assert choice.C == 1


def test_one_c_is_taken_as_it_is() -> None:
    features, labels = clouds()
    assert svm.choose(features, labels, [""] * 60, [3], 0) == svm.Choice(3.0, [], 0, False)


@pytest.mark.parametrize("candidates", [[], [0], [-1.0], [1, "ten"], [True], [float("inf")], [float("nan")]])
def test_what_is_no_candidate_is_refused(candidates: list[float]) -> None:
    with pytest.raises(ValueError, match="C must be a positive number or a list of them"):
        svm.check("average", candidates)


def test_an_unknown_way_to_combine_scales_is_refused() -> None:
    with pytest.raises(ValueError, match="combine must be one of average, stack, not 'max'"):
        svm.check("max", [1])


def test_a_class_of_which_no_file_is_left_does_not_count() -> None:
    """As when none of its training files can be read: the others still make five folds."""
    labels = np.repeat([0, 2], 6)
    parts = svm.folds(labels, [""] * 12, 0)
    assert len(parts) == 5
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(12))
