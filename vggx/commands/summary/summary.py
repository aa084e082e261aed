"""run folders -> a row for each, and of each group of runs alike the mean, deviation and interval of their accuracy."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vggx import settings, tasks
from vggx.options import TaskOptions
from vggx.progress import progress
from vggx.runner.run_folder import SUMMARY

Row = dict[str, Any]

# what the runs of a group may differ in
REPEATS = ("seed", "modality.data.fold", "modality.data.split_seed")
# what no result hangs on, and what is measured on the data of a fold
IDLE = ("runs", "logger", "modality.data.num_workers", "trainer.enable_progress_bar")
MEASURED_INPUT = ("modality.net.mean", "modality.net.std")
MEASURED_COLOURS = ("modality.data.rgb_covariance",)
DRAWS = 10_000
FEW = 10  # runs, below which an interval is coarse
CONVENTION = "sd: of the runs, n - 1; low, high: 95 % interval of their mean, from 10,000 bootstrap draws of runs"


def summary(places: Sequence[Path]) -> dict[str, Any]:
    """{convention, runs, groups, left_out, notes} of run folders, or of every run below a folder.

    A run counts by its test accuracy, one without a test split by that of validation. Runs are of one group if they
    differ in nothing but `REPEATS`; what else they differ in is a column.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a folder without a run, or no run that ended.
    """
    read, left_out = [], []
    for run in progress(runs_below(places), "runs"):
        try:
            read.append((run, config_of(run), result_of(run)))
        except (ValueError, OSError) as error:
            left_out.append({"run": str(run), "reason": str(error)})
    if not read:
        raise ValueError(f"none of {len(left_out)} runs can be counted; {left_out[0]['run']}: {left_out[0]['reason']}")
    differing, repeats = differences([config for _, config, _ in read])
    rows = [
        {"run": str(run), **picked(config, differing), **picked(config, repeats), **result}
        for run, config, result in read
    ]
    groups, notes = [], []
    for members in grouped(rows, [*differing, "split"]):
        groups.append(group(members, differing, repeats))
        notes += doubts(members, repeats)
    if any(each["runs"] < FEW for each in groups):
        notes.append(f"an interval over fewer than {FEW} runs is coarse: it never leaves the range of what they gave")
    shown = [{name: value for name, value in row.items() if name not in ("classes", "all_files")} for row in rows]
    return {"convention": CONVENTION, "runs": shown, "groups": groups, "left_out": left_out, "notes": notes}


def runs_below(places: Sequence[Path]) -> list[Path]:
    """The run folders among these, and below those that are none; each once.

    Raises:
        FileNotFoundError, ValueError: no such folder, or no run in it.
    """
    found: dict[Path, Path] = {}
    for place in places:
        if not place.is_dir():
            raise FileNotFoundError(f"runs: {place} is not a folder")
        below = [place] if (place / settings.CONFIG).is_file() else []
        below = below or sorted(path.parent for path in place.rglob(settings.CONFIG))
        if not below:
            raise ValueError(f"runs: no folder below {place} is a run: none has a {settings.CONFIG}")
        found |= {run.resolve(): run for run in below if run.resolve() not in found}
    return list(found.values())


def config_of(run: Path) -> dict[str, Any]:
    """{dotted key: value} of all that a result may hang on.

    Raises:
        ValueError: as `settings.read_run`.
    """
    found = flat(settings.read_run(run))
    measured = MEASURED_INPUT if found.get("modality.net.normalize") in ("dataset", "mean") else ()
    idle = (*IDLE, *MEASURED_COLOURS, *measured)
    return {key: value for key, value in found.items() if key not in idle}


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def result_of(run: Path) -> Row:
    """What came out of a run; `files` are those judged.

    Raises:
        ValueError: it did not end, nothing was judged, or its summary cannot be read.
    """
    path = run / SUMMARY
    if not path.is_file():
        raise ValueError(f"it did not end: there is no {SUMMARY}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        tasks.check_classes(TaskOptions(name=found.get("task", "classify")), "vggx summary")
        split = next((name for name in ("test", "val") if found.get(f"{name}_accuracy") is not None), None)
        if split is None:
            raise ValueError("no file was judged: neither a test nor a val accuracy")
        sizes = found["data"]["files"]
        bad = sum(file["split"] == split for file in found["bad_files"])
        return {
            "split": split,
            "files": sizes[split] - bad,
            "accuracy": float(found[f"{split}_accuracy"]),
            "macro_f1": found.get(f"{split}_macro_f1"),
            "classes": found["classes"],
            "all_files": sum(sizes.values()),
        }
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no summary of a run: {error!r}") from error


def differences(configs: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """The keys in which runs differ: those that make groups, and those of `REPEATS`.

    A key that a run lacks, because it is older, is no difference.
    """
    names = list(dict.fromkeys(name for config in configs for name in config))
    differing = [name for name in names if len({json.dumps(config[name]) for config in configs if name in config}) > 1]
    return [name for name in differing if name not in REPEATS], [name for name in REPEATS if name in differing]


def picked(config: Mapping[str, Any], names: Sequence[str]) -> Row:
    values = {name: config.get(name) for name in names}
    return {name: str(value) if isinstance(value, list) else value for name, value in values.items()}


def grouped(rows: Sequence[Row], names: Sequence[str]) -> list[list[Row]]:
    """Rows that are alike in these columns, in order of first appearance."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return list(found.values())


def group(rows: Sequence[Row], differing: Sequence[str], repeats: Sequence[str]) -> Row:
    f1 = [row["macro_f1"] for row in rows if row["macro_f1"] is not None]
    return {
        **{name: rows[0][name] for name in differing},
        "split": rows[0]["split"],
        "runs": len(rows),
        **{f"{name.rpartition('.')[2]}s": len({row[name] for row in rows}) for name in repeats},
        **spread([row["accuracy"] for row in rows]),
        "macro_f1": statistics.fmean(f1) if len(f1) == len(rows) else None,
    }


def spread(values: Sequence[float], seed: int = 0) -> Row:
    """{mean, sd, low, high}: standard deviation with n - 1, and the interval of the mean; of one value the mean alone.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.
    """
    mean = statistics.fmean(values)
    if len(values) == 1:
        return {"mean": mean, "sd": None, "low": None, "high": None}
    draws = np.random.default_rng(seed).choice(values, (DRAWS, len(values))).mean(1)
    low, high = np.percentile(draws, [2.5, 97.5]).tolist()
    return {"mean": mean, "sd": statistics.stdev(values), "low": low, "high": high}


def doubts(rows: Sequence[Row], repeats: Sequence[str]) -> list[str]:
    """What a reader of a group's mean should know."""
    found, first = [], rows[0]
    for row in rows[1:]:
        if row["classes"] != first["classes"]:
            found.append(f"{row['run']} has other classes than {first['run']}, which stands in the same group")
        elif row["all_files"] != first["all_files"]:
            counts = f"{row['all_files']:,} files and {first['run']} {first['all_files']:,}"
            found.append(f"{row['run']} found {counts}: the data changed between runs of a group")
    for same in grouped(rows, repeats):
        if len(same) > 1:
            found.append(f"{', '.join(row['run'] for row in same)} are the same settings, and each counts")
    return found
