"""scores along a file's time -> NAME.csv, a row for each step, and NAME.txt, a track of labels for Audacity."""

import csv
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from torch import Tensor

from vggx.files import atomic, write_text
from vggx.inference.cells import CellTime


def write(target: Path, classes: Sequence[str], scores: Tensor, times: Sequence[CellTime], seconds: float) -> None:
    """
    Args:
        target: the files' path, without an ending.
        scores: (T, K), softmax.
        times: of each of the T steps.
        seconds: of the file.
    """
    with atomic(with_ending(target, ".csv")) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["from", "to", "time", *classes])
        for time, row in zip(times, scores, strict=True):
            seen = [f"{value:.6f}" for value in (time.start, time.end, time.middle)]
            writer.writerow([*seen, *(f"{score:.6g}" for score in row.tolist())])
    write_text(with_ending(target, ".txt"), labels(classes, scores, times, seconds))


def labels(classes: Sequence[str], scores: Tensor, times: Sequence[CellTime], seconds: float) -> str:
    """Lines of start, end and label, parted by tabs: steps side by side with the same first class are one.

    One gives way to the next half-way between the middles of their steps.

    Source: Audacity's manual, "Importing and Exporting Labels".
    """
    best = scores.argmax(1).tolist()
    changes = [step for step, (before, now) in enumerate(pairwise(best), 1) if before != now]
    borders = [0.0, *((times[step - 1].middle + times[step].middle) / 2 for step in changes), seconds]
    # a tab or a line's end in a name would part what belongs together
    names = [" ".join(classes[best[step]].split()) for step in (0, *changes)]
    spans = zip(pairwise(borders), names, strict=True)
    return "".join(f"{start:.6f}\t{end:.6f}\t{name}\n" for (start, end), name in spans)


def with_ending(target: Path, ending: str) -> Path:
    return target.with_name(target.name + ending)


def targets(folder: Path, paths: Sequence[str]) -> list[Path]:
    """The files' names without endings, in the folder; of several of one name all but the first get a number."""
    taken: set[str] = set()
    found = []
    for path in paths:
        stem = name = os.path.splitext(os.path.basename(os.path.normpath(path)))[0]
        number = 1
        while name.casefold() in taken:  # there are file systems that do not tell A from a
            number += 1
            name = f"{stem}_{number}"
        taken.add(name.casefold())
        found.append(folder / name)
    return found
