"""CSV -> Listing: which columns say what is data, so that a new data set of the kind is one line."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from vggx.data.listing import SPLITS, Listing, Sample
from vggx.data.targets import Classes, Targets, finite, hints, in_order
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
        label: the class name, or what else a task learns, where `modality.data.label_columns` does not say.
        split: train, val or test; None where the data set has folds in its place, one of which must be chosen.
        fold: the fold, for `modality.data.fold`.
        group: what must stay on one side of a split.
        order: a column of numbers in whose order the classes stand; by name where there is none.
        times: the columns that say from which second of its file to which a row is; none where files are cut already.
    """

    path: str = "{path}"
    label: str = "label"
    split: str | None = "split"
    fold: str = "fold"
    group: str = "group"
    order: str | None = None
    times: tuple[str, str] | None = None

    def needed(self, options: DataOptions) -> set[str]:
        """The columns that every row fills, besides those of its target."""
        names = {name for _, name, _, _ in Formatter().parse(self.path) if name}
        folds = {self.fold} if self.split is None or options.fold is not None else set()
        published = {self.group} if self.split is None else set()
        return names | folds | published | ({self.order} if self.order else set())


def table(file: Path, base: Path, options: DataOptions, columns: Columns, targets: Targets | None = None) -> Listing:
    """The samples that a CSV lists, its paths relative to `base`; splits that it does not give are left empty.

    Args:
        targets: what its labels become; classes where None.

    Raises:
        FileNotFoundError: no such file.
        ValueError: naming the file and line: a missing column or value, an unknown split, fold or label.
    """
    targets = targets or Classes()
    labels = targets.columns(options, columns.label)
    rows = read_table(file, columns.needed(options) | targets.filled(labels), labels)
    classes = targets.names([row for _, row in rows], options, labels, file)
    if columns.order and not options.classes and isinstance(targets, Classes):
        classes = ordered(rows, labels[0], columns.order, file)
    listing = Listing(classes)
    if isinstance(targets, Classes):
        listing.notes += hints([row[labels[0]] for _, row in rows])
    split_of = splitter(rows, options, columns, file)
    if options.fold is not None and columns.split and any(row.get(columns.split) for _, row in rows):
        listing.notes.append(f"the column {columns.split} of {file} is not looked at: modality.data.fold is given")
    for line, row in rows:
        try:
            target = targets.read(row, classes, options, labels, base)
            start, end = segment(row, columns)
        except ValueError as error:
            raise ValueError(f"{file}, line {line}: {error}") from error
        path = str(base / columns.path.format_map(row))
        sample = Sample(path, target, row.get(columns.group) or "", start, end)
        listing.splits[split_of(line, row)].append(sample)
    return listing


def segment(row: Row, columns: Columns) -> tuple[float | None, float | None]:
    """The seconds of the file that a row is of.

    Raises:
        ValueError: a time that is no number, or an end that is not behind the start.
    """
    if columns.times is None:
        return None, None
    start, end = (finite(name, row[name]) if row.get(name) else None for name in columns.times)
    if (start or 0) < 0 or (end is not None and end <= (start or 0)):
        raise ValueError(f"the segment from {columns.times[0]} {start} to {columns.times[1]} {end} s is none")
    return start, end


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


def read_table(file: Path, columns: Iterable[str], present: Iterable[str] = ()) -> Rows:
    """The rows of a CSV file whose first line names its columns; those asked for are in every row and not empty.

    Args:
        present: columns that are there too, and whose cells another looks at.

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
    missing = [name for name in sorted({*wanted, *present}) if name not in names]
    if missing:
        raise ValueError(f"{file} lacks the column {', '.join(missing)}: it has {list(names)}")
    for line, row in rows:
        empty = [name for name in wanted if not row[name]]
        if empty:
            raise ValueError(f"{file}, line {line}: {' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty")
    if not rows:
        raise ValueError(f"{file} lists no files")
    return rows
