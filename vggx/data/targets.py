"""cells of a CSV -> what a file stands for, and the names of the outputs; each task says which kind it learns."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from vggx.data.listing import SPLITS, Listing
from vggx.options import DataOptions

Row = Mapping[str, str]
SEPARATORS = (";", ",", "|")
MANY = 10  # different numbers from which a label looks like a measurement, where fewer than ten files share one


@dataclass(frozen=True)
class Targets:
    """A kind of target: how the cells of a row become one, and how it is read when its file is.

    A task that learns of something else than classes and numbers writes a kind of its own: `names`, `read` and, where a
    target lies in a file, `load`. It is handed to loading processes, so it must be picklable.
    """

    def columns(self, options: DataOptions, label: str) -> list[str]:
        """The columns that hold a row's target; `label` is the one that the source knows."""
        return list(options.label_columns) or [label]

    def filled(self, columns: Sequence[str]) -> set[str]:
        """Those of the columns that may not be empty."""
        return set(columns)

    def names(self, cells: Sequence[Row], options: DataOptions, columns: Sequence[str], file: Path) -> list[str]:
        """The names of the outputs, of the rows of a CSV.

        Raises:
            ValueError: naming the option that does not fit them.
        """
        raise NotImplementedError

    def read(self, row: Row, names: Sequence[str], options: DataOptions, columns: Sequence[str], base: Path) -> Any:
        """A row -> its target, plain and hashable; paths in it are relative to `base`.

        Raises:
            ValueError: what is wrong and what would be right; the caller adds file and line.
        """
        raise NotImplementedError

    def of_classes(self, listing: Listing, source: str) -> Listing:
        """The listing of a source that tells one class a file, with targets of this kind.

        Raises:
            ValueError: a class is no target of this kind.
        """
        raise ValueError(
            f"modality.data.source={source} tells a class of each file, and the task wants something else: list the "
            "files in a CSV, modality.data.manifest=FILE"
        )

    def load(self, target: Any) -> Any:
        """A sample's target -> what a batch is made of: a number or a tensor; None stays None."""
        return target

    def sized(self, outputs: int) -> "Targets":
        """The same for a listing of so many outputs."""
        return self

    def words(self, target: Any, names: Sequence[str]) -> str:
        """A target for people."""
        return str(target)

    def spread(self, listing: Listing) -> list[dict[str, Any]]:
        """A row for each output: what the splits hold of it."""
        return []

    def counted(self, names: Sequence[str]) -> str:
        """How many outputs, in words: 3 classes."""
        return f"{len(names)} outputs"


@dataclass(frozen=True)
class Classes(Targets):
    """One class a file: its number."""

    def columns(self, options: DataOptions, label: str) -> list[str]:
        if len(options.label_columns) > 1:
            raise ValueError(
                f"modality.data.label_columns={list(options.label_columns)} are several, and a class is told by one: "
                "task=tag takes a column for each class, task=regress one for each number"
            )
        return super().columns(options, label)

    def names(self, cells: Sequence[Row], options: DataOptions, columns: Sequence[str], file: Path) -> list[str]:
        return class_list(options, (row[columns[0]] for row in cells), file)

    def read(self, row: Row, names: Sequence[str], options: DataOptions, columns: Sequence[str], base: Path) -> int:
        return number_of(row[columns[0]], names)

    def of_classes(self, listing: Listing, source: str) -> Listing:
        return listing

    def words(self, target: Any, names: Sequence[str]) -> str:
        return names[target]

    def spread(self, listing: Listing) -> list[dict[str, Any]]:
        return by_class(listing, lambda target: [target])

    def counted(self, names: Sequence[str]) -> str:
        return f"{len(names)} classes"


@dataclass(frozen=True)
class Tags(Targets):
    """Any of the classes, or none: a tuple of their numbers; in a batch a row of zeros and ones.

    A cell names them, parted by `modality.data.label_separator`, or each has a column of zeros and ones.
    """

    outputs: int = 0

    def filled(self, columns: Sequence[str]) -> set[str]:
        return set()  # `read` says how a file of no class is told

    def names(self, cells: Sequence[Row], options: DataOptions, columns: Sequence[str], file: Path) -> list[str]:
        if len(columns) == 1:
            parts = (part for row in cells for part in parted(row[columns[0]], options.label_separator))
            return class_list(options, parts, file)
        if options.classes and set(options.classes) != set(columns):
            raise ValueError(
                f"modality.data.label_columns={list(columns)} are not the classes {', '.join(options.classes)}"
            )
        return list(options.classes or columns)

    def read(
        self, row: Row, names: Sequence[str], options: DataOptions, columns: Sequence[str], base: Path
    ) -> tuple[int, ...]:
        if len(columns) > 1:
            return tuple(number for number, name in enumerate(names) if flag(name, row[name]))
        cell, separator = row[columns[0]], options.label_separator
        if not cell.strip():
            raise ValueError(f"{columns[0]} is empty; a file of none of the classes has {separator!r} there")
        return tuple(sorted({number_of(part, names) for part in parted(cell, separator)}))

    def of_classes(self, listing: Listing, source: str) -> Listing:
        for split, samples in listing.splits.items():
            listing.splits[split] = [replace(sample, target=(sample.target,)) for sample in samples]
        return listing

    def sized(self, outputs: int) -> Targets:
        return replace(self, outputs=outputs)

    def load(self, target: Any) -> Any:
        return None if target is None else multi_hot(target, self.outputs)

    def words(self, target: Any, names: Sequence[str]) -> str:
        return "; ".join(names[number] for number in target) or "none"

    def spread(self, listing: Listing) -> list[dict[str, Any]]:
        return by_class(listing, list)

    def counted(self, names: Sequence[str]) -> str:
        return f"{len(names)} classes, any of them a file"


@dataclass(frozen=True)
class Numbers(Targets):
    """One number or more: a tuple of them, a column for each."""

    def names(self, cells: Sequence[Row], options: DataOptions, columns: Sequence[str], file: Path) -> list[str]:
        if options.classes and list(options.classes) != list(columns):
            raise ValueError(
                f"the columns {', '.join(columns)} are not the numbers {', '.join(options.classes)}: "
                f"modality.data.label_columns=[{','.join(options.classes)}] names them"
            )
        return list(columns)

    def read(
        self, row: Row, names: Sequence[str], options: DataOptions, columns: Sequence[str], base: Path
    ) -> tuple[float, ...]:
        return tuple(finite(name, row[name]) for name in columns)

    def load(self, target: Any) -> Any:
        return None if target is None else torch.tensor(target, dtype=torch.float32)

    def words(self, target: Any, names: Sequence[str]) -> str:
        return ", ".join(f"{name} {value:.6g}" for name, value in zip(names, target, strict=True))

    def spread(self, listing: Listing) -> list[dict[str, Any]]:
        """Least, mean and greatest of each number in each split."""
        rows = []
        for place, name in enumerate(listing.classes):
            values = {split: [sample.target[place] for sample in listing.splits[split]] for split in SPLITS}
            known = {split: found for split, found in values.items() if found}
            figures: list[tuple[str, Any]] = [("min", min), ("mean", fmean), ("max", max)]
            rows.append({"number": name} | {f"{s}_{word}": of(v) for s, v in known.items() for word, of in figures})
        return rows

    def counted(self, names: Sequence[str]) -> str:
        return f"{len(names)} {'number' if len(names) == 1 else 'numbers'} a file ({', '.join(names)})"


def by_class(listing: Listing, classes_of: Callable[[Any], list[int]]) -> list[dict[str, Any]]:
    """How many files of each class each split has."""
    counts = {
        split: Counter(number for sample in listing.splits[split] for number in classes_of(sample.target))
        for split in SPLITS
    }
    return [
        {"class": name, **{split: counts[split][label] for split in SPLITS}}
        for label, name in enumerate(listing.classes)
    ]


def class_list(options: DataOptions, found: Any, place: Path) -> list[str]:
    """The given class names, or those found, in order.

    Raises:
        ValueError: none is given, and none found.
    """
    if options.classes:
        return list(options.classes)
    names = in_order(found)
    if not names:
        raise ValueError(f"{place} holds no classes: expected one folder for each class in it")
    return names


def in_order(names: Any) -> list[str]:
    """Each name once, in the order of numbers if all are numbers, else of letters."""
    found = sorted(set(names))
    return sorted(found, key=int) if found and all(name.isdecimal() for name in found) else found


def number_of(label: str, names: Sequence[str]) -> int:
    if label not in names:
        raise ValueError(f"label {label!r} is not in the class list: {', '.join(names)}")
    return names.index(label)


def parted(cell: str, separator: str) -> list[str]:
    return [part.strip() for part in cell.split(separator) if part.strip()]


def multi_hot(numbers: Sequence[int], outputs: int) -> torch.Tensor:
    row = torch.zeros(outputs)
    row[list(numbers)] = 1.0
    return row


def flag(name: str, cell: str) -> bool:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if value not in (0, 1):
        raise ValueError(f"{name} is {cell!r}; a column of a class holds 1 where a file is of it, and 0 where not")
    return value == 1


def finite(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} is {cell!r}, which is no finite number, such as 12.5")
    return value


def hints(labels: Sequence[str]) -> list[str]:
    """What a user may have meant whose labels, one a file, look like several joined, or like measurements."""
    kinds = set(labels)
    for separator in SEPARATORS:
        parts = Counter(part for label in kinds for part in set(parted(label, separator)))
        joined = next((label for label in labels if len(parted(label, separator)) > 1), None)
        if joined is not None and max(parts.values()) > 1:
            how = "" if separator == ";" else f" modality.data.label_separator='{separator}'"
            return [f"labels such as {joined!r} look like several joined: task=tag{how} takes them apart"]
    if len(kinds) > max(MANY, len(labels) / 10) and all(map(is_number, kinds)):
        return [f"the labels are {len(kinds)} different numbers, such as {labels[0]}: task=regress learns numbers"]
    return []


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
