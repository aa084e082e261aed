"""scores (F, K), labels (F,) of files -> errors, F1, calibration, and bootstrap intervals of them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchmetrics.functional.classification import binary_calibration_error

DRAWS = 1000  # of the bootstrap
BINS = 15  # of the calibration error

Hits = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def calibration_error(confidence: Tensor, hits: Tensor) -> float:
    """Expected calibration error: of 15 bins of the top score, how far accuracy and confidence are apart, weighted.

    Source: Guo et al., "On Calibration of Modern Neural Networks" (2017), equation 3.

    Args:
        confidence: (F,), the score of the top class.
        hits: (F,), whether it is the right one.
    """
    return binary_calibration_error(confidence, hits, n_bins=BINS, norm="l1").item()


def macro_f1(labels: Numbers, predicted: Numbers, classes: int) -> float:
    """The mean F1 of the classes that occur, in the labels or among the predictions."""
    hits = np.bincount(labels[labels == predicted], minlength=classes)
    there = np.bincount(labels, minlength=classes) + np.bincount(predicted, minlength=classes)
    found = there > 0
    return float((2 * hits[found] / there[found]).mean())


def in_top(scores: Tensor, labels: Tensor, places: int) -> Hits:
    """(F, K), (F,) -> (F,), whether the label is among the first places."""
    first = scores.topk(min(places, scores.shape[1]), 1).indices
    return (first == labels[:, None]).any(1).numpy()


def errors(scores: Tensor, labels: Tensor, seed: int = 0) -> dict[str, object]:
    """{top1_error, top5_error (more than five classes), macro_f1, calibration_error, intervals_95}.

    Shares of 1, of files whose views are averaged already. `intervals_95` holds [low, high] of each by name, from the
    percentiles of `DRAWS` samples of as many files, drawn with replacement. Where no file is wrong none of them has an
    error, and the interval has no width: Wilson's, of the accuracy, has one.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.
    """
    classes, truth, predicted = scores.shape[1], labels.numpy(), scores.argmax(1).numpy()
    top1 = in_top(scores, labels, 1)
    figures: dict[str, Callable[[Numbers], float]] = {"top1_error": lambda drawn: 1 - float(top1[drawn].mean())}
    if classes > 5:
        top5 = in_top(scores, labels, 5)
        figures["top5_error"] = lambda drawn: 1 - float(top5[drawn].mean())
    figures["macro_f1"] = lambda drawn: macro_f1(truth[drawn], predicted[drawn], classes)
    # rounding may bring a mean of softmax scores above 1
    confidence, hits = scores.max(1).values.clamp(max=1), torch.from_numpy(top1)
    figures["calibration_error"] = lambda drawn: calibration_error(confidence[drawn], hits[drawn])
    whole = np.arange(len(truth))
    random = np.random.default_rng(seed)
    draws = [random.integers(len(truth), size=len(truth)) for _ in range(DRAWS)]
    found: dict[str, object] = {name: figure(whole) for name, figure in figures.items()}
    intervals = {
        name: np.percentile([figure(drawn) for drawn in draws], [2.5, 97.5]) for name, figure in figures.items()
    }
    return found | {"intervals_95": {name: [round(float(end), 4) for end in ends] for name, ends in intervals.items()}}
