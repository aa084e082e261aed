"""what a linear machine on fixed activations found -> the screen, and files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vggx import files
from vggx.report import classes, tables


def row(found: Mapping[str, Any]) -> dict[str, Any]:
    """The line of `<name>.csv`."""
    low, high = found["accuracy_interval_95"]
    return {
        **{name: found[name] for name in ("net", "plan", "layer", "width")},
        "scales": ",".join(map(str, found["scales"])),
        **{name: found[name] for name in ("flip", "combine", "train_files", "files", "C", "accuracy")},
        "low": low,
        "high": high,
        "mean_class_recall": found["mean_class_recall"],
        "macro_f1": found["macro_f1"],
        "seconds": sum(found["seconds"].values()),
    }


def write(found: dict[str, Any], predicted: np.ndarray, labels: np.ndarray, folder: Path, name: str) -> None:
    """`<name>.json`, .csv, and of the classes `<name>_report.csv` and `<name>_confusion.png`; says where in `found`."""
    title = f"{found['modality']}, {found['split']}, {found['files']} files, linear SVM"
    classes.write(predicted, labels, found["classes"], title, folder, f"{name}_")
    files.write_csv(folder / f"{name}.csv", [row(found)])
    files.write_json(folder / f"{name}.json", found)
    found["written"] = str(folder / f"{name}*")


def show(found: Mapping[str, Any]) -> None:
    if found["C_tried"]:
        kept = ", no group torn" if found["groups_kept_whole"] else ""
        title = f"C, by {found['folds']} folds of {found['train_files']:,} training files{kept}"
        tables.show([{**tried, "chosen": tried["C"] == found["C"]} for tried in found["C_tried"]], title)
        tried = [each["C"] for each in found["C_tried"]]
        if found["C"] in (tried[0], tried[-1]):
            print(f"the best C={found['C']:g} is an end of those tried: others may be better")
    low, high = found["accuracy_interval_95"]
    several, clips = len(found["scales"]) > 1, found["clips"]
    views = {",".join(map(str, found["scales"])): found["scales"], found["combine"]: several, "flip": found["flip"]}
    views[f"clips {clips}"] = clips is not None
    shown = {
        "net": Path(found["net"]).name,
        "plan": found["plan"],
        "described by": f"{found['layer']}, {found['width']} numbers",
        "of": " ".join(word for word, true in views.items() if true),
        "fitted on": found["train_files"],
        "C": found["C"],
        "accuracy": f"{found['accuracy']:.4f}",
        "95 % interval": f"{low:.3f} to {high:.3f}",
        "mean class recall": f"{found['mean_class_recall']:.4f}",
        "seconds": sum(found["seconds"].values()),
    }
    tables.show([shown], f"{found['files']:,} {found['split']} files")
    if not found["converged"]:
        print("the machine did not converge: a smaller C may")
