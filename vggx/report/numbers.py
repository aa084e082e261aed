"""numbers told of files and the true ones -> report.csv and scatter.png."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from vggx import files
from vggx.report import plots
from vggx.report.lettering import legible

MOST = 8  # numbers that are drawn


def write(
    told: np.ndarray,
    truth: np.ndarray,
    errors: Sequence[Mapping[str, float]],
    names: Sequence[str],
    title: str,
    folder: Path,
    prefix: str = "",
) -> None:
    """`<prefix>report.csv`, a row for each number, and `<prefix>scatter.png`.

    Args:
        told, truth: (F, K)
        errors: {mae, rmse, r2} of each number; r2 may be lacking.
    """
    rows = [
        {
            "number": name,
            **{kind: found.get(kind) for kind in ("mae", "rmse", "r2")},
            "true_mean": float(truth[:, place].mean()),
            "true_std": float(truth[:, place].std()),
            "files": len(truth),
        }
        for place, (name, found) in enumerate(zip(names, errors, strict=True))
    ]
    files.write_csv(folder / f"{prefix}report.csv", rows)
    shown = min(MOST, len(names))
    figure = Figure(figsize=(4.2 * min(shown, 4), 4.2 * -(-shown // 4)))
    for place, axes in enumerate(figure.subplots(-(-shown // 4), min(shown, 4), squeeze=False).flat):
        if place >= shown:
            axes.set_axis_off()
            continue
        x, y = truth[:, place], told[:, place]
        ends = min(x.min(), y.min()), max(x.max(), y.max())
        axes.plot(ends, ends, color="#999999", linewidth=1)
        axes.scatter(x, y, s=9, color="#4477aa", alpha=0.6, linewidths=0)
        axes.set_xlabel(f"{legible(names[place])}, true", parse_math=False)
        axes.set_ylabel("told by the net")
        axes.set_title(f"RMSE {errors[place]['rmse']:.4g}", fontsize=9)
        axes.grid(alpha=0.3)
    figure.suptitle(title, parse_math=False)
    figure.tight_layout()
    plots.save(figure, folder / f"{prefix}scatter.png")
