"""rows of a time probe -> a table on the screen, a CSV file and a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vggx import files
from vggx.report import tables
from vggx.report.plots import save

COLOURS = ("#4477aa", "#bbccee", "#bbccee", "#bbccee")  # as they are, and the changed ones
CHANCE = "#ee6677"


def show(probe: Mapping[str, Any]) -> None:
    """
    Args:
        probe: {seed, chance, rows}, as evaluate_<split>.json has it.
    """
    rows = [
        {
            "clips": row["clips"],
            "accuracy": row["accuracy"],
            "95 % interval": f"{row['low_95']:.3f} to {row['high_95']:.3f}",
            "macro_f1": row["macro_f1"],
            "change": f"{row['change']:+.3f}",
            "same top class": f"{row['same_top_class']:.1%}",
        }
        for row in probe["rows"]
    ]
    tables.show(rows, f"frames as they are and changed, seed {probe['seed']}; chance is {probe['chance']:.3f}")


def write(probe: Mapping[str, Any], title: str, folder: Path, prefix: str = "") -> None:
    """`<prefix>time_probe.csv` with the rows and `<prefix>time_probe.png` with a bar for each."""
    files.write_csv(folder / f"{prefix}time_probe.csv", probe["rows"])
    bars(probe, title, folder / f"{prefix}time_probe.png")


def bars(probe: Mapping[str, Any], title: str, path: Path) -> None:
    """Accuracies with their intervals, and chance as a line."""
    rows = probe["rows"]
    heights = np.array([row["accuracy"] for row in rows])
    ends = np.array([[row["low_95"], row["high_95"]] for row in rows]).T
    figure = Figure(figsize=(5, 3.4))
    axes = figure.subplots()
    axes.bar([f"{row['clips']}\n{row['accuracy']:.3f}" for row in rows], heights, width=0.6, color=COLOURS)
    # at 0 and 1 rounding may put an end of the interval on the wrong side of the bar
    reach = np.maximum(0, [heights - ends[0], ends[1] - heights])
    axes.errorbar(range(len(rows)), heights, reach, fmt="none", ecolor="#333333", capsize=4)
    axes.axhline(probe["chance"], color=CHANCE, linestyle="--")
    beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "color": CHANCE}
    axes.text(1.02, probe["chance"], f"chance\n{probe['chance']:.3f}", **beside)
    axes.set(xlabel="frames of the clips", ylabel="accuracy of files, 95 % interval", ylim=(0, 1.05))
    axes.set_title(title, parse_math=False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    figure.tight_layout()
    save(figure, path)
