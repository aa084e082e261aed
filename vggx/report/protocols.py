"""what an evaluation found -> a row of the table of protocols, which a run folder keeps; and the curve of views."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from vggx import files
from vggx.report import rows, tables
from vggx.report.plots import save

Row = dict[str, Any]
KEY = ("protocol", "nets", "data", "views")  # what tells one row from another


def row(found: Mapping[str, Any]) -> Row:
    """A line of the table; shares of 1, MACs and seconds of one file."""
    interval = found["intervals_95"]["top1_error"]
    return {
        "protocol": found["protocol"],
        "nets": " + ".join(net["run"] for net in found["nets"]),
        "data": found["data"],
        "plan": " + ".join(net["plan"] for net in found["nets"]),
        "trained_at": " + ".join(net["trained_at"] for net in found["nets"]),
        "views": found["views_of_a_file"],
        "files": found["files"],
        "top1_error": found["top1_error"],
        "top1_low": interval[0],
        "top1_high": interval[1],
        "top5_error": found.get("top5_error"),
        "view_error": 1 - found["clip_accuracy"],
        "macro_f1": found["macro_f1"],
        "calibration_error": found["calibration_error"],
        "macs": found["macs_of_a_file"],
        "seconds": found["seconds_of_a_file"],
    }


def shown(line: Row) -> Row:
    """The line as people read it, errors in percent as in Tables 3 to 5 of the paper."""
    top5 = line["top5_error"]
    return {
        "protocol": line["protocol"],
        "plan": line["plan"],
        "trained at": line["trained_at"],
        "views": f"{line['views']:g}",
        "files": line["files"],
        "top-1 error, %": f"{100 * line['top1_error']:.2f}",
        "95 % interval": f"{100 * line['top1_low']:.2f} to {100 * line['top1_high']:.2f}",
        "top-5 error, %": "-" if top5 is None else f"{100 * top5:.2f}",
        "of single views, %": f"{100 * line['view_error']:.2f}",
        "macro F1": f"{line['macro_f1']:.4f}",
        "calibration error": f"{line['calibration_error']:.4f}",
        "MACs of a file": tables.quantity(line["macs"]),
        "ms of a file": f"{1000 * line['seconds']:.3g}",
    }


def keep(folder: Path, split: str, line: Row) -> list[Row]:
    """Put the line into `protocols_<split>.json`, .csv and .md of a run folder, in the place of an older one of its
    protocol, views and nets; returns all lines.
    """
    path = folder / f"protocols_{split}.json"
    lines = [old for old in rows_of(path, line) if any(old[name] != line[name] for name in KEY)] + [line]
    files.write_json(path, {"split": split, "rows": lines})
    files.write_csv(path.with_suffix(".csv"), lines)
    heading = f"Files of the {split} split; intervals by bootstrap over files"
    files.write_text(path.with_suffix(".md"), f"{heading}\n\n{rows.markdown([shown(each) for each in lines])}")
    return lines


def rows_of(path: Path, line: Row) -> list[Row]:
    """The lines of a table that are like this one; that others are lost is said."""
    if not path.is_file():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["rows"]
        kept = [old for old in found if set(old) == set(line)]
    except (ValueError, KeyError, TypeError) as error:
        print(f"{path} is no table of protocols and is written anew ({error!r})", flush=True)
        return []
    if len(kept) < len(found):
        print(f"{path}: {len(found) - len(kept)} rows of another version of vggx are left out", flush=True)
    return kept


def show(lines: Sequence[Row], split: str) -> None:
    tables.show([shown(line) for line in lines], f"{split} split")


def draw_curve(points: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Accuracy against the number of views, and against what they cost."""
    figure = Figure(figsize=(9, 3.6))
    accuracy = [point["accuracy"] for point in points]
    axes_of = figure.subplots(1, 2, sharey=True)
    costs = ("views", "GMACs of a file")
    for axes, label in zip(axes_of, costs, strict=True):
        places = [point["views"] if label == "views" else point["macs"] / 1e9 for point in points]
        low, high = ([point[end] for point in points] for end in ("low", "high"))
        axes.fill_between(places, low, high, color="#bbccee", label="least and greatest of the draws")
        axes.plot(places, accuracy, color="#4477aa", marker="o", markersize=3, label="mean over draws of the views")
        axes.set(xlabel=label)
        axes.grid(alpha=0.3)
    axes_of[0].set_ylabel("accuracy of files")
    axes_of[1].set_xscale("log")
    axes_of[0].legend(loc="lower right", fontsize=8)
    figure.suptitle(title, parse_math=False)
    figure.tight_layout()
    save(figure, path)
