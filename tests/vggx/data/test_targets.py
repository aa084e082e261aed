"""vggx.data.targets: every form in which a CSV tells classes, several of them, and numbers; and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from vggx.data.batch import together
from vggx.data.listing import BadFile, Sample
from vggx.data.sources import manifest
from vggx.data.targets import Classes, Numbers, Tags, Targets, hints
from vggx.options import DataOptions


def listed(folder: Path, text: str, targets: Targets, **options: Any) -> Any:
    (folder / "labels.csv").write_text(text)
    for line in text.splitlines()[1:]:
        (folder / line.split(",")[0]).touch()
    return manifest(folder, DataOptions(val_share=0, test_share=0, **options), (), targets=targets)


def targets_of(listing: Any) -> list[Any]:
    return [sample.target for sample in listing.splits["train"]]


# several classes a file

JOINED = "path,label\na.png,dog; cat\nb.png,cat\nc.png,;\nd.png,dog;dog\n"


def test_a_cell_of_several_classes_is_taken_apart(tmp_path: Path) -> None:
    listing = listed(tmp_path, JOINED, Tags())
    assert listing.classes == ["cat", "dog"]
    assert targets_of(listing) == [(0, 1), (0,), (), (1,)]


@pytest.mark.parametrize("separator", [",", "|"])
def test_another_separator(tmp_path: Path, separator: str) -> None:
    text = f'path,label\na.png,"dog{separator}cat"\nb.png,cat\n'
    assert targets_of(listed(tmp_path, text, Tags(), label_separator=separator)) == [(0, 1), (0,)]


def test_a_column_of_zeros_and_ones_for_each_class(tmp_path: Path) -> None:
    text = "path,dog,cat,age\na.png,1,0,3\nb.png,1.0,1,4\nc.png,0,0,5\n"
    listing = listed(tmp_path, text, Tags(), label_columns=["dog", "cat"])
    assert listing.classes == ["dog", "cat"]
    assert targets_of(listing) == [(0,), (0, 1), ()]


def test_a_column_of_another_name(tmp_path: Path) -> None:
    text = "path,animals\na.png,dog;cat\n"
    assert targets_of(listed(tmp_path, text, Tags(), label_columns=["animals"])) == [(0, 1)]


def test_one_class_a_file_is_a_set_of_one(tmp_path: Path) -> None:
    listing = listed(tmp_path, "path,label\na.png,dog\nb.png,cat\n", Classes())
    assert targets_of(Tags().of_classes(listing, "folder")) == [(1,), (0,)]


def test_a_batch_of_them_is_zeros_and_ones() -> None:
    read = Tags().sized(3).load
    rows = together([read((0, 2)), read(()), read((1,))])
    assert rows.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert rows.dtype == torch.float32
    assert together([read(None)]) is None


# numbers


def test_a_number_and_several(tmp_path: Path) -> None:
    text = "path,label,speed\na.png,1.5,2e3\nb.png,-3,0\n"
    one = listed(tmp_path, text, Numbers())
    assert (one.classes, targets_of(one)) == (["label"], [(1.5,), (-3.0,)])
    two = listed(tmp_path, text, Numbers(), label_columns=["speed", "label"])
    assert (two.classes, targets_of(two)) == (["speed", "label"], [(2000.0, 1.5), (0.0, -3.0)])
    assert Numbers().load((2000.0, 1.5)).tolist() == [2000.0, 1.5]


def test_numbers_in_words() -> None:
    assert Numbers().words((2.5, 3.0), ["speed", "turn"]) == "speed 2.5, turn 3"
    assert Tags().words((0, 1), ["cat", "dog"]) == "cat; dog"
    assert Tags().words((), ["cat", "dog"]) == "none"
    assert Classes().words(1, ["cat", "dog"]) == "dog"


# what is refused


@pytest.mark.parametrize(
    ("targets", "rows", "options", "words"),
    [
        (Tags(), "a.png,dog\nb.png,\n", {}, "line 3: label is empty; a file of none of the classes has ';' there"),
        (Tags(), "a.png,dog;elk\n", {"classes": ["dog"]}, "line 2: label 'elk' is not in the class list: dog"),
        (
            Tags(),
            "a.png,2\n",
            {"label_columns": ["label", "path"]},
            "line 2: label is '2'; a column of a class holds 1",
        ),
        (Tags(), "a.png,nan\n", {"label_columns": ["label", "path"]}, "line 2: label is 'nan'; a column of a class"),
        (Numbers(), "a.png,\n", {}, "line 2: label is empty"),
        (Numbers(), "a.png,1\nb.png,fast\n", {}, "line 3: label is 'fast', which is no finite number, such as 12.5"),
        (Numbers(), "a.png,nan\n", {}, "line 2: label is 'nan', which is no finite number"),
        (Numbers(), "a.png,inf\n", {}, "line 2: label is 'inf', which is no finite number"),
        (Numbers(), "a.png,1\n", {"classes": ["turn"]}, "the columns label are not the numbers turn"),
        (Classes(), "a.png,1\n", {"label_columns": ["a", "b"]}, "task=tag takes a column for each class"),
        (Tags(), "a.png,1\n", {"label_columns": ["tail"]}, "lacks the column tail"),
    ],
)
def test_a_bad_label_is_named_by_file_and_line(
    tmp_path: Path, targets: Targets, rows: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        listed(tmp_path, f"path,label\n{rows}", targets, **options)


def test_folders_tell_no_numbers(tmp_path: Path) -> None:
    listing = listed(tmp_path, "path,label\na.png,dog\n", Classes())
    with pytest.raises(ValueError, match=r"source=folder tells a class of each file.*modality\.data\.manifest=FILE"):
        Numbers().of_classes(listing, "folder")


# what a user may have meant


def test_labels_that_look_joined_or_measured_are_pointed_out(tmp_path: Path) -> None:
    assert listed(tmp_path, JOINED.replace(",;", ",dog"), Classes()).notes == [
        "labels such as 'dog; cat' look like several joined: task=tag takes them apart"
    ]
    assert hints(["a|b", "a", "b"]) == [
        "labels such as 'a|b' look like several joined: task=tag modality.data.label_separator='|' takes them apart"
    ]
    assert hints([f"{n / 7:.2f}" for n in range(40)]) == [
        "the labels are 40 different numbers, such as 0.00: task=regress learns numbers"
    ]


@pytest.mark.parametrize(
    "labels",
    [["dog", "cat"], [str(n % 10) for n in range(40)], ["Smith, J", "Doe, K"], [str(n) for n in range(11)][:9]],
)
def test_ordinary_labels_are_left_in_peace(labels: list[str]) -> None:
    assert hints(labels) == []


# segments


def test_start_and_end_are_seconds_of_the_file(tmp_path: Path) -> None:
    text = "path,label,start,end,split\na.wav,x,0.5,2,train\na.wav,y,2,,val\nb.wav,x,,1,train\nc.wav,y,,,train\n"
    listing = listed(tmp_path, text, Classes())
    assert [(s.start, s.end, s.is_segment) for s in listing.splits["train"]] == [
        (0.5, 2.0, True),
        (None, 1.0, True),
        (None, None, False),
    ]
    assert [(s.start, s.end) for s in listing.splits["val"]] == [(2.0, None)]
    assert [Path(s.name).name for s in listing.splits["train"]] == [
        "a.wav (0.5 to 2 s)",
        "b.wav (0 to 1 s)",
        "c.wav",
    ]


def test_segments_of_two_splits_may_not_overlap(tmp_path: Path) -> None:
    text = "path,label,start,end,split\na.wav,x,0,2,train\nb.wav,y,,,train\na.wav,y,1.9,3,val\n"
    with pytest.raises(ValueError, match=r"a\.wav \(1\.9 to 3 s\) is in both train and val"):
        listed(tmp_path, text, Classes())


@pytest.mark.parametrize("row", ["2,1", "-1,2", "1,1"])
def test_a_segment_that_is_none(tmp_path: Path, row: str) -> None:
    with pytest.raises(ValueError, match=r"line 2: the segment from start .* is none"):
        listed(tmp_path, f"path,label,start,end\na.wav,x,{row}\n", Classes())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(None, None, (0, 100)), (1.0, 2.0, (10, 20)), (0.1 + 0.2, None, (3, 100)), (0.31, 0.39, None), (9.95, 99, None)],
)
def test_a_position_belongs_to_the_segment_in_which_it_begins(start: Any, end: Any, expected: Any) -> None:
    sample = Sample("a.wav", 0, "", start, end)
    if expected is None:
        with pytest.raises(BadFile, match=r"a\.wav .*: the file is 10 s long, and holds nothing there"):
            sample.within(100, 10.0)
    else:
        assert sample.within(100, 10.0) == expected
