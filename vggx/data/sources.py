"""root -> Listing: a folder per class, or a CSV manifest; the two sources that every modality reads."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from vggx.data import holdout
from vggx.data.listing import SPLITS, Listing, Sample
from vggx.options import DataOptions

SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
               "test": "test", "testing": "test"}  # fmt: skip
MANIFEST = "labels.csv"


def folder(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """`root/{train,val,test}/<class>/...` as given, or `root/<class>/...` split by seed.

    Raises:
        ValueError: no class folders, a class without a file, or a class that training does not know.
    """
    given: dict[str, Path] = {}
    for path in subfolders(root):
        if path.name.lower() in SPLIT_NAMES:
            other = given.setdefault(SPLIT_NAMES[path.name.lower()], path)
            if other is not path:
                raise ValueError(f"{root} has both {other.name} and {path.name}: one folder for each split")
    if given and "train" not in given:
        raise ValueError(f"{root} has {', '.join(sorted(p.name for p in given.values()))} but no train folder")
    parts = given or {"train": root}
    names = class_list(options, (path.name for path in subfolders(parts["train"])), parts["train"])
    listing = Listing(names)
    for split, place in parts.items():
        for path in subfolders(place):
            files = media_files(path, extensions)
            if path.name not in names:
                raise ValueError(f"{path} is a class that is not in the class list: {', '.join(names)}")
            if not files:
                raise ValueError(f"class {path.name!r} is empty: {path} has no file ending in {' '.join(extensions)}")
            listing.splits[split] += [Sample(str(file), names.index(path.name)) for file in files]
    check_apart(listing)
    fill(listing, options, split_given=bool(given))
    return listing


def manifest(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """A CSV with the columns path, label and, as wanted, split and group; paths are relative to the file.

    Raises:
        ValueError: naming the file and line: a missing column or value, an unknown split or label, a file in two
            splits; or none of the files exists.
    """
    file = Path(options.manifest) if options.manifest else root / MANIFEST
    rows = read_rows(file)
    classes = class_list(options, (row["label"] for _, row in rows), file)
    listing = Listing(classes)
    for line, row in rows:
        split = (row.get("split") or "train").strip().lower()
        if split not in SPLIT_NAMES:
            raise ValueError(f"{file}, line {line}: split {split!r} is none of {', '.join(SPLITS)}")
        if row["label"] not in classes:
            known = ", ".join(classes)
            raise ValueError(f"{file}, line {line}: label {row['label']!r} is not in the class list: {known}")
        path = str(file.parent / row["path"])
        sample = Sample(path, classes.index(row["label"]), row.get("group") or "")
        listing.splits[SPLIT_NAMES[split]].append(sample)
    check_apart(listing)
    everything = [sample.path for split in SPLITS for sample in listing.splits[split]]
    if not any(map(os.path.exists, everything)):
        raise ValueError(f"none of the {len(everything)} files of {file} exists, such as {everything[0]}")
    # no test rows, no test: what an author lists as training data is not taken for it
    fill(listing, options, split_given=True)
    return listing


SOURCES = {"folder": folder, "manifest": manifest}


def guess(root: Path | None, options: DataOptions) -> str:
    """The source of a root that names none: a manifest if there is one, else a folder per class."""
    if options.manifest or (root is not None and (root / MANIFEST).is_file()):
        return "manifest"
    return "folder"


def fill(listing: Listing, options: DataOptions, *, split_given: bool) -> None:
    if not listing.splits["train"]:
        raise ValueError("the data set has no training samples")
    shares = {"val_share": options.val_share, "test_share": options.test_share}
    holdout.complete(listing, **shares, seed=options.split_seed, split_given=split_given)


def subfolders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))


def media_files(place: Path, extensions: Sequence[str]) -> list[Path]:
    """The files below a folder with one of these endings, in order of name."""
    found = []
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder) / name for name in files if not name.startswith(".")]
    return sorted(path for path in found if path.suffix.lower() in extensions)


def read_rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """(line number, row) of a manifest."""
    if not file.is_file():
        raise FileNotFoundError(f"the manifest {file} does not exist")
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            names = reader.fieldnames or ()
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is not a CSV file in UTF-8: {error}") from error
    missing = {"path", "label"} - set(names)
    if missing:
        raise ValueError(f"{file} lacks the column {', '.join(sorted(missing))}: it has {list(names)}")
    for line, row in rows:
        if not row["path"] or not row["label"]:
            raise ValueError(f"{file}, line {line}: path or label is empty")
    if not rows:
        raise ValueError(f"{file} lists no files")
    return rows


def class_list(options: DataOptions, found: Iterable[str], place: Path) -> list[str]:
    """The given class names, or those found: in the order of numbers if all are numbers, else of letters."""
    if options.classes:
        return list(options.classes)
    names = sorted(set(found))
    if not names:
        raise ValueError(f"{place} holds no classes: expected one folder for each class in it")
    return sorted(names, key=int) if all(name.isdecimal() for name in names) else names


def check_apart(listing: Listing) -> None:
    """Refuse a file that stands in two splits, also under two names."""
    seen: dict[str, str] = {}
    for split in SPLITS:
        for sample in listing.splits[split]:
            path = os.path.realpath(sample.path)
            if seen.setdefault(path, split) != split:
                raise ValueError(f"{sample.path} is in both {seen[path]} and {split}: a file may be in one split only")
