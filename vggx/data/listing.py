"""What a data set holds, before any of it is read: the names of its outputs, and the samples of each split."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SPLITS = ("train", "val", "test")


class BadFile(ValueError):
    """A file that cannot be used; the message names it and says why."""


def check_file(path: str) -> os.stat_result:
    """What the system knows of a file; refuses what no decoder should be given.

    Raises:
        BadFile: nothing there, not a regular file, or empty.
    """
    try:
        facts = os.stat(path)
    except (OSError, ValueError) as error:  # a name with a null byte is no name
        raise BadFile(f"{path}: does not exist") from error
    if not stat.S_ISREG(facts.st_mode):
        folder = ", but a folder without one to read" if stat.S_ISDIR(facts.st_mode) else ""
        raise BadFile(f"{path}: is not a file{folder}")
    if facts.st_size == 0:
        raise BadFile(f"{path}: is empty (0 bytes)")
    return facts


@dataclass(frozen=True)
class Sample:
    """One file (or one entry of a file of many, such as "train-images-idx3-ubyte.gz#17") and what it stands for.

    Attributes:
        target: plain and hashable, as the task's `vggx.data.targets.Targets` read it: a class number, a tuple of them,
            a tuple of numbers, the path of a mask; None of a new file.
        group: what must stay on one side of a split: a speaker, a scene; empty where nothing does.
        start, end: seconds of the file, where the sample is that segment of it alone; to the file's own where None.
    """

    path: str
    target: Any = None
    group: str = ""
    start: float | None = None
    end: float | None = None

    @property
    def is_segment(self) -> bool:
        return self.start is not None or self.end is not None

    @property
    def name(self) -> str:
        """The path, and the seconds of a segment."""
        if not self.is_segment:
            return self.path
        return f"{self.path} ({self.start or 0:g} to {'its end' if self.end is None else f'{self.end:g}'} s)"

    def within(self, length: int, rate: float) -> tuple[int, int]:
        """The first position of a file of so many, `rate` a second, that is the sample's, and the one behind the last.

        A position belongs to the segment in which it begins.

        Raises:
            BadFile: none of them is.
        """
        first, stop = (0 if self.start is None else at(self.start, rate)), length
        if self.end is not None:
            stop = min(length, at(self.end, rate))
        if first >= stop:
            raise BadFile(f"{self.name}: the file is {length / rate:g} s long, and holds nothing there")
        return first, stop


def at(seconds: float, rate: float) -> int:
    """The first position that begins at these seconds or later; a thousandth of one is rounding."""
    return -int(-(seconds * rate - 1e-3) // 1)


@dataclass
class Listing:
    """A data set: the names of the net's outputs in order, and the samples of each split.

    `classes` are those names: of classes, or of the numbers that are learned. `contents` maps a sample's path to what
    is in it, for formats that keep many samples in one file. `notes` are sentences that a user should read: files that
    are listed and missing, groups on both sides of a given split.
    """

    classes: list[str]
    splits: dict[str, list[Sample]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    contents: Callable[[str], Any] | None = None
    notes: list[str] = field(default_factory=list)

    def counts(self) -> str:
        return ", ".join(f"{len(self.splits[split])} {split}" for split in SPLITS)
