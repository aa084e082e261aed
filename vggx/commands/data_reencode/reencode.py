"""settings and a folder -> the data set's files encoded anew in it, a manifest of them, and what that gains."""

import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import vggx
from vggx import files, tasks
from vggx.commands.data_reencode.processes import in_processes, worker_count
from vggx.commands.data_reencode.target import REPORT, begin, check_place, new_names, top_folder
from vggx.data.datamodule import SplitData
from vggx.data.listing import SPLITS, BadFile, Listing
from vggx.data.sources import MANIFEST
from vggx.data.targets import in_order
from vggx.options import Modality, Settings

Row = dict[str, Any]
Encode = Callable[[str, Path], Row]
LIBRARIES = ("av", "decord", "torch")


def reencode(
    settings: Settings,
    target: Path,
    *,
    short_side: int = 256,
    keyframe_every: int = 16,
    crf: float = 18,
    workers: int | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Encode every file of all splits into `target`, then write the manifest `labels.csv` and the report there.

    Args:
        short_side, keyframe_every, crf: see `modalities.video.reencode.Encoder`.
        workers: processes; one per core up to 8 where None, 0: this one alone.
        overwrite: replace what lies under the new files' names, whoever left it there.

    Returns:
        What `reencode.json` holds: {options, versions, files, bad, totals, gain, train_with, over_limit, notes}.
        `files` has rows {path, new, frames, seconds, bytes_before, bytes_after, encode_seconds}, `bad` {path, reason};
        `gain` is None where no clip can be read; `train_with` are the options, besides its root, by which the
        target trains as the data set did; `over_limit` tells which splits have lost more than
        `modality.data.bad_limit` of their files.

    Raises:
        FileExistsError: the target holds other things.
        ValueError: a modality whose files cannot be encoded, an option, a target or a name that cannot be, or
            nothing that can be encoded; or as the data options and the source do.
        BadFile: of the first bad file, with `modality.data.on_error=raise`.
        OSError: the target cannot be written, or a process was lost.
    """
    modality, count = settings.modality, worker_count(workers)
    check_modality(modality)
    tasks.check_classes(settings.task, "vggx data reencode")
    data: SplitData = modality.open_data(settings.seed)
    code = modality.module("reencode")
    encode = code.encoder(data, short_side=short_side, keyframe_every=keyframe_every, crf=crf)
    listing = data.find()
    paths = list(dict.fromkeys(sample.path for split in SPLITS for sample in listing.splits[split]))
    top = top_folder(paths, data.options)
    check_place(target, top, data.options.root)
    names = new_names(paths, top, data.EXTENSIONS)
    options = {"root": os.path.realpath(top), "short_side": short_side, "keyframe_every": keyframe_every, "crf": crf}
    begin(target, options, list(names.values()), overwrite)
    print(f"data: {data.describe()}", flush=True)

    calls = [(path, encode, target, name, data.options.on_error) for path, name in names.items()]
    found = list(in_processes(attempt, calls, count, f"{len(calls):,} files"))
    bad = [row for row in found if "reason" in row]
    good = {row["path"]: row for row in found if "reason" not in row}
    if not good:
        raise ValueError(f"none of the {len(paths)} files can be encoded; the first: {bad[0]['reason']}")
    files.write_csv(target / MANIFEST, manifest(listing, good))
    report = {
        "options": options,
        "versions": {"vggx": vggx.__version__, "python": platform.python_version()}
        | {name: metadata.version(name) for name in LIBRARIES},
        "files": list(good.values()),
        "bad": bad,
        "totals": totals(list(good.values())),
        "gain": code.gain(data, [(path, str(target / row["new"])) for path, row in good.items()]),
        "train_with": train_with(listing, good),
        "over_limit": over_limit(listing, good, data.options.bad_limit),
        "notes": listing.notes,
    }
    files.write_json(target / REPORT, report)
    return report


def check_modality(modality: Modality) -> None:
    """
    Raises:
        ValueError: it has no code that encodes its files anew.
    """
    if find_spec(f"{modality.code}.reencode") is None:
        raise ValueError(f"modality={modality.name}: only videos are encoded anew, modality=video")


def attempt(path: str, encode: Encode, target: Path, name: str, on_error: str) -> Row:
    """The row of a file that is encoded, or {path, reason} of one that cannot be and is to be skipped."""
    try:
        return {"path": path, "new": name, **encode(path, target / name)}
    except BadFile as error:
        if on_error == "raise":
            raise
        return {"path": path, "reason": str(error)}


def manifest(listing: Listing, good: Mapping[str, Row]) -> list[Row]:
    """A row for each sample whose file was encoded."""
    return [
        {
            "path": good[sample.path]["new"],
            "label": listing.classes[sample.target],
            "split": split,
            "group": sample.group,
        }
        for split in SPLITS
        for sample in listing.splits[split]
        if sample.path in good
    ]


def totals(rows: Sequence[Row]) -> Row:
    """Sums of what the rows say; of the time of encoding, what this run took."""
    names = ("frames", "seconds", "bytes_before", "bytes_after", "encode_seconds")
    return {"files": len(rows), **{name: sum(row[name] or 0 for row in rows) for name in names}}


def train_with(listing: Listing, good: Iterable[str]) -> Row:
    """What the manifest cannot say: the classes, where they are others or in another order than its labels', and that
    none of the training files shall become validation."""
    kept = set(good)
    left = {split: [sample for sample in listing.splits[split] if sample.path in kept] for split in SPLITS}
    labels = [listing.classes[sample.target] for samples in left.values() for sample in samples]
    needed: Row = {}
    if in_order(labels) != listing.classes:
        needed["modality.data.classes"] = listing.classes
    if not left["val"]:
        needed["modality.data.val_share"] = 0
    return needed


def over_limit(listing: Listing, good: Mapping[str, Row], limit: float) -> list[str]:
    lost = {split: [sample for sample in listing.splits[split] if sample.path not in good] for split in SPLITS}
    return [split for split in SPLITS if len(lost[split]) > limit * len(listing.splits[split])]
