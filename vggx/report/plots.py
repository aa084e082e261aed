"""A run's history and predictions -> curves.png and confusion.png."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from vggx import files

matplotlib.use("Agg")

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vggx.report.lettering import DPI, legible

COLOURS = {"train": "#4477aa", "val": "#ee6677"}


def save(figure: Figure, path: Path) -> None:
    with files.atomic(path) as temporary:
        figure.savefig(temporary, dpi=DPI, bbox_inches="tight")


def told(draw: Callable[[Any, Path], None], found: Any, path: str) -> None:
    """Draw what was found, and say where, on the error stream: what a command prints can be piped."""
    draw(found, Path(path))
    print(f"picture: {Path(path)}", file=sys.stderr)


def curves(
    history: Sequence[Mapping[str, Any]], best_epoch: int, path: Path, watched: str = "accuracy", *, share: bool = True
) -> None:
    """Loss and the watched measure of training and validation by epoch, the best epoch marked.

    Args:
        share: whether the measure is at most 1.
    """
    figure = Figure(figsize=(9, 3.6))
    epochs = [row["epoch"] for row in history]
    for axes, name in zip(figure.subplots(1, 2), ("loss", watched), strict=True):
        for split, colour in COLOURS.items():
            values = [row.get(f"{split}_{name}") for row in history]
            if any(value is not None for value in values):
                shown = [np.nan if value is None else value for value in values]
                axes.plot(epochs, shown, color=colour, label=split, marker="o", markersize=3)
        axes.axvline(best_epoch, color="#999999", linestyle=":", label=f"best epoch ({best_epoch})")
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    if share:
        axes.set_ylim(top=1.02)
    axes.legend()
    figure.tight_layout()
    save(figure, path)


def confusion(counts: np.ndarray, classes: Sequence[str], title: str, path: Path) -> None:
    """Files by true class (rows) and predicted class (columns); shades are shares of the row."""
    number, names = len(classes), [legible(name) for name in classes]
    side = min(20.0, 2.5 + 0.45 * number)
    figure = Figure(figsize=(side + 1, side))
    axes = figure.subplots()
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, fraction=0.046, label="share of the true class")
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_title(title, parse_math=False)
    if number <= 50:
        # a $ in a class name is a $
        axes.set_xticks(range(number), names, rotation=45, ha="right", parse_math=False)
        axes.set_yticks(range(number), names, parse_math=False)
    if number <= 30:
        for row, column in np.argwhere(counts > 0):
            shade = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=shade, fontsize=8)
    save(figure, path)
