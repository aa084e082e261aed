"""scores (F, K), labels (F,) -> report.csv and confusion.png."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from vggx import files
from vggx.report import plots


def write(
    predicted: np.ndarray, labels: np.ndarray, classes: Sequence[str], title: str, folder: Path, prefix: str = ""
) -> None:
    """`<prefix>report.csv` with precision, recall and F1 of every class, and `<prefix>confusion.png`.

    Args:
        predicted, labels: class numbers of every file, (F,).
    """
    numbers = range(len(classes))
    scores = precision_recall_fscore_support(labels, predicted, labels=numbers, zero_division=0)
    rows = [
        {"class": name, "precision": p, "recall": r, "f1": f, "files": int(n)}
        for name, p, r, f, n in zip(classes, *scores, strict=True)
    ]
    files.write_csv(folder / f"{prefix}report.csv", rows)
    counts = confusion_matrix(labels, predicted, labels=numbers)
    plots.confusion(counts, classes, title, folder / f"{prefix}confusion.png")
