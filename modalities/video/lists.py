"""the text files that say what a video data set holds -> their lines, splits, folds and class names."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from vggx.data.paths import has_ending, subfolders
from vggx.data.tables import SPLIT_NAMES, check_fold
from vggx.data.targets import in_order
from vggx.options import DataOptions

LISTS = (".txt", ".csv")
CLASS_FILES = ("classes.txt", "classInd.txt", "category.txt", "label_map*.txt")

ENTRY = re.compile(r"(.*[^\s,])[\s,]+([^\s,]+)")  # a path, which may hold spaces, and a label
COUNTED = re.compile(r"(.+)\s+\d+")  # a folder of frames, and how many
NUMBERED = re.compile(r"(\d+)[\s,]+(.+)")  # a class with its number
FOLD = re.compile(r"(?:split|list)_?0*(\d+)")


def beside(root: Path, pattern: str) -> list[Path]:
    """The files of a pattern in the root or, where it has none, in the first of its folders that has."""
    found = (sorted(filter(Path.is_file, place.glob(pattern))) for place in (root, *subfolders(root)))
    return next((files for files in found if files), [])


def read_lines(file: Path) -> list[tuple[int, str]]:
    """(number, text) of the lines that are not blank.

    Raises:
        ValueError: the file is not text in UTF-8, or holds nothing.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not text in UTF-8: {error}") from error
    found = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise ValueError(f"{file} is empty")
    return found


def first_line(file: Path) -> str:
    with file.open(encoding="utf-8-sig", errors="replace") as stream:
        return stream.readline().strip()


def split_of(file: Path) -> str | None:
    """The split that a word of a list's name says: train.csv, testlist01.txt, kinetics400_val_list_videos.txt."""
    words = [word.removesuffix("list") for word in re.findall("[a-z]+", file.stem.lower())]
    splits = {SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES}
    return splits.pop() if len(splits) == 1 else None


def fold_of(file: Path) -> str | None:
    """The fold in a list's name: trainlist02.txt, ucf101_train_split_2_videos.txt, clap_test_split2.txt."""
    found = FOLD.search(file.stem)
    return found[1] if found else None


def of_fold(files: Sequence[Path], options: DataOptions) -> list[Path]:
    """Those of the chosen fold, or all where their names tell of none.

    Raises:
        ValueError: no fold is chosen, or one that is not there.
    """
    folds = in_order(fold for file in files if (fold := fold_of(file)))
    if not folds:
        return list(files)
    check_fold(options, folds, str(files[0].parent))
    return [file for file in files if fold_of(file) == str(options.fold)]


def with_training(place: Path) -> list[Path]:
    """The lists of splits in a folder or the first of its folders that has one of training files; that one first."""
    for folder in (place, *subfolders(place)):
        files = sorted(file for file in folder.iterdir() if file.suffix in LISTS and split_of(file) and file.is_file())
        training = [file for file in files if split_of(file) == "train"]
        if training:
            return training + [file for file in files if file not in training]
    return []


def split_lists(place: Path, options: DataOptions) -> dict[str, Path]:
    """{split: list} of a folder, or of a single list, whose files are for training.

    Raises:
        FileNotFoundError: no such place, or no list of training files in it.
        ValueError: lists of several folds and none of them chosen, or two lists of one split.
    """
    if place.is_file():
        return {"train": place}
    if not place.is_dir():
        raise FileNotFoundError(f"the manifest {place} does not exist")
    files = of_fold(with_training(place), options)
    if not files:
        raise FileNotFoundError(f"{place} has no list of training files, such as train.txt or train.csv")
    found: dict[str, Path] = {}
    for file in files:
        other = found.setdefault(str(split_of(file)), file)
        if other is not file:
            raise ValueError(f"{other} and {file.name} are lists of one split: leave one of them there")
    return found


def path_and_label(text: str, extensions: Sequence[str], place: str) -> tuple[str, str]:
    """A line "path label", or "folder frames label" for a folder of frames -> path, label.

    Raises:
        ValueError: naming the place: no label, or several.
    """
    found = ENTRY.fullmatch(text)
    if found is None:
        raise ValueError(f"{place}: {text!r} is not a path and a label")
    path, label = found.groups()
    counted = None if has_ending(path, extensions) else COUNTED.fullmatch(path)
    if counted is None:
        return path, label
    if has_ending(counted[1], extensions):
        raise ValueError(f"{place}: {text!r} has more than one label")
    return counted[1], label


def lists_videos(files: Sequence[Path], extensions: Sequence[str]) -> bool:
    """Whether the first line of the first list names a video, or a folder and its number of frames."""
    found = ENTRY.fullmatch(first_line(files[0])) if files else None
    return found is not None and (has_ending(found[1], extensions) or COUNTED.fullmatch(found[1]) is not None)


def read_classes(file: Path) -> tuple[list[str], int]:
    """The class names of a file, one a line, and the number of the first: 0, or 1 where the file counts from 1."""
    lines = [text for _, text in read_lines(file)]
    numbered = [found for text in lines if (found := NUMBERED.fullmatch(text))]
    for first in (0, 1):
        if [int(found[1]) for found in numbered] == list(range(first, first + len(lines))):
            return [found[2] for found in numbered], first
    return lines, 0


def class_file(places: Sequence[Path]) -> Path | None:
    """The first file of class names in these folders."""
    found = (file for place in places for name in CLASS_FILES for file in sorted(place.glob(name)))
    return next(filter(Path.is_file, found), None)


def names_by_label(labels: Collection[str], names: Sequence[str], first: int) -> dict[str, str]:
    """{label: class name} of labels that are names themselves, or numbers that begin with `first`.

    A label 0 shows that they begin with 0 though the class file begins with 1, as mmaction2's lists of UCF-101 do.
    """
    numbers = enumerate(names, 0 if "0" in labels else first)
    return {str(number): name for number, name in numbers} | {name: name for name in names}
