"""features of training files -> a linear support vector machine, whose C they choose among themselves."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.svm import LinearSVC

COMBINE = ("average", "stack")
FOLDS = 5  # at most
ITERATIONS = 10_000  # of liblinear, at most

Features = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Fold = tuple[Numbers, Numbers]  # places of the files that are fitted on, and of those held out


@dataclass(frozen=True)
class Choice:
    """The C that was chosen, and from what.

    Attributes:
        C: the smallest of those that are right most often.
        rows: {C, accuracy (of the held-out files of all folds together), converged} of each that was tried.
        folds: how many; 0 where one C alone was given.
        grouped: whether groups were kept whole.
    """

    C: float
    rows: list[dict[str, Any]]
    folds: int
    grouped: bool


def check(combine: str, candidates: Sequence[float]) -> None:
    """
    Raises:
        ValueError: an unknown way to combine scales, or candidates for C that are none.
    """
    if combine not in COMBINE:
        raise ValueError(f"combine must be one of {', '.join(COMBINE)}, not {combine!r}")
    numbers = [value for value in candidates if isinstance(value, int | float) and not isinstance(value, bool)]
    if not numbers or len(numbers) < len(candidates) or not all(0 < value < float("inf") for value in numbers):
        raise ValueError(f"C must be a positive number or a list of them, such as [0.1,1,10], not {list(candidates)}")


def combined(features: Features, combine: str) -> Features:
    """(F, S, D), of every file at every scale -> (F, D) averaged over the scales or (F, S D) side by side, of length 1.

    The length is taken last, once, so that the scales keep their weights against each other (appendix B of the paper:
    "the resulting image descriptor is L2-normalised"). One that is zero everywhere stays so.
    """
    made = features.mean(1) if combine == "average" else features.reshape(len(features), -1)
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    return np.divide(made, lengths, out=np.zeros_like(made), where=lengths > 0)


def folds(labels: Numbers, groups: Sequence[str], seed: int) -> list[Fold]:
    """`FOLDS` folds of files, or as many as the smallest class has files or as there are groups; every class alike.

    Args:
        groups: of each file what must not be torn apart; files of "" are free.

    Raises:
        ValueError: too few files or groups to hold some of each class out and to fit on the others.
    """
    free = not any(groups)
    units = [group or f"file {number}" for number, group in enumerate(groups)]
    count = min(FOLDS, int(np.bincount(labels)[np.unique(labels)].min()), len(set(units)))
    if count < 2:
        what = "a class has one training file" if len(set(units)) > 1 else f"all files are of the group {units[0]!r}"
        raise ValueError(f"C cannot be chosen where {what}: give one, such as C=[1]")
    splitter = (StratifiedKFold if free else StratifiedGroupKFold)(count, shuffle=True, random_state=seed)
    found = [fold for fold in splitter.split(labels, labels, None if free else units) if len(fold[1])]
    if any(len(np.unique(labels[fitted])) < 2 for fitted, _ in found):
        raise ValueError("C cannot be chosen: without a group, files of one class are left. Give one, such as C=[1]")
    return found


def choose(
    features: Features, labels: Numbers, groups: Sequence[str], candidates: Sequence[float], seed: int
) -> Choice:
    """The C of the candidates by cross-validation among these files, (F, D) and (F,); one alone is taken as it is.

    Raises:
        ValueError: as `folds`.
    """
    if len(candidates) == 1:
        return Choice(float(candidates[0]), [], 0, False)
    parts = folds(labels, groups, seed)
    rows = []
    for value in sorted(map(float, candidates)):
        hits, converged = 0, True
        for fitting, held in parts:
            svm = fitted(features[fitting], labels[fitting], value, seed)
            hits += int((svm.predict(features[held]) == labels[held]).sum())
            converged &= bool(svm.n_iter_ < ITERATIONS)
        rows.append({"C": value, "accuracy": hits / len(labels), "converged": converged})
    best = max(row["accuracy"] for row in rows)
    chosen = next(row["C"] for row in rows if row["accuracy"] == best)
    return Choice(chosen, rows, len(parts), any(groups))


def fitted(features: Features, labels: Numbers, C: float, seed: int) -> LinearSVC:
    """One against the rest, squared hinge loss, by liblinear; its draws are the seed's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `n_iter_` tells
        return LinearSVC(C=C, max_iter=ITERATIONS, random_state=seed).fit(features, labels)
