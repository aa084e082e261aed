"""files and the classes said of them -> report.csv and precision.png."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vggx import files
from vggx.report import plots
from vggx.report.lettering import legible


def write(
    chosen: np.ndarray,
    truth: np.ndarray,
    precisions: Sequence[float | None],
    thresholds: Sequence[float],
    classes: Sequence[str],
    title: str,
    folder: Path,
    prefix: str = "",
) -> None:
    """`<prefix>report.csv`, a row for each class, and `<prefix>precision.png`.

    Args:
        chosen, truth: (F, K), what is said of the files and what is so.
        precisions: average precision of each class; None of one that no file is of.
    """
    right, said, there = ((chosen & truth).sum(0), chosen.sum(0), truth.sum(0))
    rows = [
        {
            "class": name,
            "average_precision": precisions[place],
            "threshold": thresholds[place],
            "precision": float(right[place] / max(1, said[place])),
            "recall": float(right[place] / max(1, there[place])),
            "f1": float(2 * right[place] / max(1, said[place] + there[place])),
            "files": int(there[place]),
        }
        for place, name in enumerate(classes)
    ]
    files.write_csv(folder / f"{prefix}report.csv", rows)
    bars(rows, title, folder / f"{prefix}precision.png")


def bars(rows: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Average precision and F1 of each class, side by side."""
    figure = Figure(figsize=(6.5, min(40.0, 1.5 + 0.34 * len(rows))))
    axes = figure.subplots()
    places = np.arange(len(rows))
    for shift, name, colour in ((-0.2, "average_precision", "#4477aa"), (0.2, "f1", "#ccbb44")):
        values = [0.0 if row[name] is None else row[name] for row in rows]
        axes.barh(places + shift, values, 0.4, color=colour, label=name.replace("_", " "))
    axes.set_yticks(places, [f"{legible(str(row['class']))} ({row['files']})" for row in rows], parse_math=False)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="share of 1; in brackets how many files are of the class")
    axes.set_title(title, parse_math=False)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.6 / figure.get_figheight()), ncols=2, frameon=False)
    plots.save(figure, path)
