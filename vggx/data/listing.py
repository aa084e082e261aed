"""What a data set holds, before any of it is read: classes, and the samples of each split."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SPLITS = ("train", "val", "test")


class BadFile(ValueError):
    """A file that cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class Sample:
    """One file (or one entry of a file of many, such as "train-images-idx3-ubyte.gz#17") and its label.

    `group` names what must stay on one side of a split: a speaker, a scene; empty where nothing does.
    """

    path: str
    label: int = -1
    group: str = ""


@dataclass
class Listing:
    """A data set: class names in the order of the labels, and the samples of each split.

    `contents` maps a sample's path to what is in it, for formats that keep many samples in one file. `notes` are
    sentences that a user should read: files that are listed and missing, groups on both sides of a given split.
    """

    classes: list[str]
    splits: dict[str, list[Sample]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    contents: Callable[[str], Any] | None = None
    notes: list[str] = field(default_factory=list)

    def counts(self) -> str:
        return ", ".join(f"{len(self.splits[split])} {split}" for split in SPLITS)
