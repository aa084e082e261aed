"""CSV -> Listing: which columns say what is data, so that a new data set of the kind is one line."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from vggx.data.listing import SPLITS, Listing, Sample
from vggx.options import DataOptions

SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
               "validate": "val", "test": "test", "testing": "test"}  # fmt: skip
Row = dict[str, str]
Rows = list[tuple[int, Row]]  # with the number of the line


@dataclass(frozen=True)
class Columns:
    """Which columns of a CSV say what.

    Attributes:
        path: a pattern of columns, relative to the folder that the data set says.
        label: the class name.
        split: train, val or test; None where the data set has folds in its place, one of which must be chosen.
        fold: the fold, for `modality.data.fold`.
        group: what must stay on one side of a split.
        order: a column of numbers in whose order the classes stand; by name where there is none.
    """

    path: str = "{path}"
    label: str = "label"
    split: str | None = "split"
    fold: str = "fold"
    group: str = "group"
    order: str | None = None

    def needed(self, options: DataOptions) -> set[str]:
        names = {name for _, name, _, _ in Formatter().parse(self.path) if name}
        folds = {self.fold} if self.split is None or options.fold is not None else set()
        published = {self.group} if self.split is None else set()
        return names | {self.label} | folds | published | ({self.order} if self.order else set())


def table(file: Path, base: Path, options: DataOptions, columns: Columns) -> Listing:
    """The samples that a CSV lists, its paths relative to `base`; splits that it does not give are left empty.

    Raises:
        FileNotFoundError: no such file.
        ValueError: naming the file and line: a missing column or value, an unknown split, fold or label.
    """
    rows = read_table(file, columns.needed(options))
    classes = class_list(options, (row[columns.label] for _, row in rows), file)
    if columns.order and not options.classes:
        classes = ordered(rows, columns.label, columns.order, file)
    listing = Listing(classes)
    split_of = splitter(rows, options, columns, file)
    numbers = {name: number for number, name in enumerate(classes)}
    if options.fold is not None and columns.split and any(row.get(columns.split) for _, row in rows):
        listing.notes.append(f"the column {columns.split} of {file} is not looked at: modality.data.fold is given")
    for line, row in rows:
        label = row[columns.label]
        if label not in numbers:
            raise ValueError(f"{file}, line {line}: label {label!r} is not in the class list: {', '.join(classes)}")
        path = str(base / columns.path.format_map(row))
        listing.splits[split_of(line, row)].append(Sample(path, numbers[label], row.get(columns.group) or ""))
    return listing


def ordered(rows: Rows, label: str, order: str, file: Path) -> list[str]:
    """The class names in the order of their numbers.

    Raises:
        ValueError: a number that is none, naming file and line.
    """
    numbers: dict[str, int] = {}
    for line, row in rows:
        if not row[order].isdecimal():
            raise ValueError(f"{file}, line {line}: {order} {row[order]!r} is not a number")
        numbers[row[label]] = int(row[order])
    return sorted(numbers, key=numbers.__getitem__)


def splitter(rows: Rows, options: DataOptions, columns: Columns, file: Path) -> Callable[[int, Row], str]:
    """(line, row) -> its split: the chosen fold is test and the others train, or as the split column says.

    Raises:
        ValueError: no fold is chosen where there must be, or one that is not there.
    """
    if options.fold is None and columns.split is not None:
        name = columns.split

        def given(line: int, row: Row) -> str:
            split = (row.get(name) or "train").strip().lower()
            if split not in SPLIT_NAMES:
                raise ValueError(f"{file}, line {line}: split {split!r} is none of {', '.join(SPLITS)}")
            return SPLIT_NAMES[split]

        return given
    check_fold(options, in_order(row[columns.fold] for _, row in rows), f"the column {columns.fold!r} of {file}")
    return lambda line, row: "test" if row[columns.fold] == str(options.fold) else "train"


def check_fold(options: DataOptions, folds: Sequence[str], place: str) -> None:
    """
    Raises:
        ValueError: no fold is chosen, or one that is not among them.
    """
    if options.fold is None:
        raise ValueError(f"{place} has the folds {', '.join(folds)}: modality.data.fold={folds[0]} tests on that one")
    if str(options.fold) not in folds:
        raise ValueError(f"modality.data.fold={options.fold} is none of the folds {', '.join(folds)} of {place}")


def read_table(file: Path, columns: Iterable[str]) -> Rows:
    """The rows of a CSV file whose first line names its columns; those asked for are in every row and not empty.

    Raises:
        FileNotFoundError: no such file.
        ValueError: naming the file and, where it is one, the line.
    """
    if not file.is_file():
        raise FileNotFoundError(f"the manifest {file} does not exist")
    wanted = sorted(columns)
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            names = reader.fieldnames or ()
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is not a CSV file in UTF-8: {error}") from error
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(f"{file} lacks the column {', '.join(missing)}: it has {list(names)}")
    for line, row in rows:
        empty = [name for name in wanted if not row[name]]
        if empty:
            raise ValueError(f"{file}, line {line}: {' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty")
    if not rows:
        raise ValueError(f"{file} lists no files")
    return rows


def class_list(options: DataOptions, found: Iterable[str], place: Path) -> list[str]:
    """The given class names, or those found, in order."""
    if options.classes:
        return list(options.classes)
    names = in_order(found)
    if not names:
        raise ValueError(f"{place} holds no classes: expected one folder for each class in it")
    return names


def in_order(names: Iterable[str]) -> list[str]:
    """Each name once, in the order of numbers if all are numbers, else of letters."""
    found = sorted(set(names))
    return sorted(found, key=int) if found and all(name.isdecimal() for name in found) else found
