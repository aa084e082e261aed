"""modalities.video.lists: lists of path and label, as they are written by different projects."""

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.modalities.video.layouts import content, listed, make, write
from vggx.data.listing import SPLITS


@pytest.mark.parametrize(
    "names",
    [
        ("train.txt", "val.txt"),
        ("train.csv", "val.csv"),
        ("kinetics400_train_list_videos.txt", "kinetics400_val_list_videos.txt"),
    ],
)
def test_lists_of_path_and_label(tmp_path: Path, names: tuple[str, str]) -> None:
    make(tmp_path, "videos/a clip.mp4", "videos/b.mp4", "videos/c.mp4")
    write(tmp_path / names[0], "videos/a clip.mp4 0", "videos/b.mp4 1")
    write(tmp_path / names[1], "videos/c.mp4 1")
    source, listing = listed(tmp_path)
    assert source == "list"
    assert content(listing, tmp_path) == {
        "train": {("videos/a clip.mp4", "0"), ("videos/b.mp4", "1")},
        "val": {("videos/c.mp4", "1")},
        "test": set(),
    }


@pytest.mark.parametrize(("lines", "first"), [(("walk", "run"), 0), (("1 walk", "2 run"), 1), (("0 walk", "1 run"), 0)])
def test_numbers_are_named_by_a_class_file(tmp_path: Path, lines: tuple[str, str], first: int) -> None:
    make(tmp_path, "a.mp4", "b.mp4")
    write(tmp_path / "train.txt", f"a.mp4 {first}", f"b.mp4 {first + 1}")
    write(tmp_path / "classes.txt", *lines)
    _, listing = listed(tmp_path)
    assert listing.classes == ["walk", "run"]
    assert content(listing, tmp_path)["train"] == {("a.mp4", "walk"), ("b.mp4", "run")}


def test_a_list_of_words_given_as_the_manifest(tmp_path: Path) -> None:
    make(tmp_path / "media", "a.mp4", "b.mp4")
    file = write(tmp_path / "lists" / "mine.txt", "a.mp4 walk", "b.mp4 run")
    source, listing = listed(tmp_path / "media", manifest=str(file))
    assert source == "list"
    assert content(listing, tmp_path / "media")["train"] == {("a.mp4", "walk"), ("b.mp4", "run")}


def test_lists_of_frame_folders_with_their_lengths(tmp_path: Path) -> None:
    for name in ("one", "two words"):
        (tmp_path / "rawframes" / name).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "rawframes" / name / "img_00001.jpg")
    write(tmp_path / "train_list_rawframes.txt", "one 1 0", "two words 1 1")
    source, listing = listed(tmp_path)
    assert source == "list"
    assert content(listing, tmp_path)["train"] == {("rawframes/one", "0"), ("rawframes/two words", "1")}


@pytest.mark.parametrize(
    ("line", "reason"),
    [("b.mp4", "'b.mp4' is not a path and a label"), ("b.mp4 0 1", "'b.mp4 0 1' has more than one label")],
)
def test_a_wrong_line_of_a_list_is_named(tmp_path: Path, line: str, reason: str) -> None:
    make(tmp_path, "a.mp4", "b.mp4")
    write(tmp_path / "train.txt", "a.mp4 0", line)
    with pytest.raises(ValueError, match=rf"train\.txt, line 2: {reason}"):
        listed(tmp_path, source="list")


def test_a_label_that_is_no_class_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "b.mp4")
    write(tmp_path / "train.txt", "a.mp4 0", "b.mp4 5")
    write(tmp_path / "classes.txt", "walk", "run")
    with pytest.raises(ValueError, match=r"train\.txt, line 2: label '5' is not in the class list: walk, run"):
        listed(tmp_path)


def test_a_list_that_leaves_the_root_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "root/a.mp4", "outside.mp4")
    write(tmp_path / "root" / "train.txt", "a.mp4 0", "../outside.mp4 1")
    with pytest.raises(ValueError, match=r"outside\.mp4 lies outside of .*follow_links=true"):
        listed(tmp_path / "root")
    assert len(listed(tmp_path / "root", follow_links=True)[1].splits["train"]) == 2


def test_each_list_has_its_own_folder(tmp_path: Path) -> None:
    """mmaction2's Kinetics lists: `walk/1.mp4` is another file in each of the two."""
    for split in ("train", "val"):
        make(tmp_path, f"videos_{split}/walk/1.mp4", f"videos_{split}/run/2.mp4")
    write(tmp_path / "kinetics400_train_list_videos.txt", "walk/1.mp4 1", "run/2.mp4 0")
    write(tmp_path / "kinetics400_val_list_videos.txt", "walk/1.mp4 1", "run/2.mp4 0")
    _, listing = listed(tmp_path)
    assert {split: names for split, names in content(listing, tmp_path).items() if names} == {
        split: {(f"videos_{split}/walk/1.mp4", "1"), (f"videos_{split}/run/2.mp4", "0")} for split in ("train", "val")
    }


def mmaction2(root: Path) -> None:
    """The lists of UCF-101 and its class file: numbers from 0 beside numbers from 1."""
    write(root / "classInd.txt", "1 ApplyEyeMakeup", "2 YoYo")
    for fold in (1, 2):
        held, kept = fold, 3 - fold
        for split, group in (("train", kept), ("val", held)):
            names = [f"{kind}/v_{kind}_g0{group}_c01" for kind in ("ApplyEyeMakeup", "YoYo")]
            make(root / "videos", *(f"{name}.avi" for name in names))
            lines = [f"{name}.avi {number}" for number, name in enumerate(names)]
            write(root / f"ucf101_{split}_split_{fold}_videos.txt", *lines)


def test_lists_of_several_folds(tmp_path: Path) -> None:
    mmaction2(tmp_path)
    with pytest.raises(ValueError, match=r"has the folds 1, 2: modality\.data\.fold=1"):
        listed(tmp_path)
    source, listing = listed(tmp_path, fold=2)
    assert source == "list"
    assert content(listing, tmp_path)["val"] == {
        ("videos/ApplyEyeMakeup/v_ApplyEyeMakeup_g02_c01.avi", "ApplyEyeMakeup"),
        ("videos/YoYo/v_YoYo_g02_c01.avi", "YoYo"),
    }
    assert {sample.group for sample in listing.splits["train"]} == {"ApplyEyeMakeup_g01", "YoYo_g01"}


def test_two_lists_of_one_split_are_refused(tmp_path: Path) -> None:
    mmaction2(tmp_path)
    write(tmp_path / "ucf101_train_split_1_rawframes.txt", "ApplyEyeMakeup/v_ApplyEyeMakeup_g02_c01 120 0")
    with pytest.raises(ValueError, match=r"split_1_rawframes\.txt and .*split_1_videos\.txt are lists of one split"):
        listed(tmp_path, fold=1)


def test_a_test_list_that_is_the_validation_list_again_is_no_test(tmp_path: Path) -> None:
    """As PySlowFast's users write test.csv."""
    make(tmp_path, "a.mp4", "b.mp4", "c.mp4")
    write(tmp_path / "train.csv", "a.mp4 0", "b.mp4 1")
    for name in ("val.csv", "test.csv"):
        write(tmp_path / name, "c.mp4 1")
    _, listing = listed(tmp_path)
    assert [len(listing.splits[split]) for split in SPLITS] == [2, 1, 0]
    (note,) = listing.notes
    assert note.endswith("test.csv lists the files of val.csv: they are validation, there is no test")


def test_a_csv_of_commas_is_a_list_too(tmp_path: Path) -> None:
    make(tmp_path, "a, clip.mp4", "b.mp4")
    write(tmp_path / "train.csv", "a, clip.mp4,walk", "b.mp4,run")
    source, listing = listed(tmp_path)
    assert source == "list"
    assert content(listing, tmp_path)["train"] == {("a, clip.mp4", "walk"), ("b.mp4", "run")}


def test_a_csv_of_other_things_beside_folders_of_classes_is_no_list(tmp_path: Path) -> None:
    make(tmp_path, "train/a/1.mp4", "train/b/2.mp4")
    write(tmp_path / "train.csv", "id,label", "1,a")
    assert listed(tmp_path)[0] == "folder"


# names that several videos bear, and lists that are no files


def hmdb51_of_one_name(root: Path) -> None:
    for kind in ("run", "walk"):
        make(root, f"{kind}/clip1.avi")
        write(root / f"testTrainMulti_7030_splits/{kind}_test_split1.txt", "clip1.avi 1")


def test_of_two_videos_with_one_name_each_is_taken_from_its_class(tmp_path: Path) -> None:
    hmdb51_of_one_name(tmp_path)
    _, listing = listed(tmp_path, fold=1)
    assert content(listing, tmp_path)["train"] == {("run/clip1.avi", "run"), ("walk/clip1.avi", "walk")}


def test_a_name_that_cannot_be_told_apart_is_refused(tmp_path: Path) -> None:
    hmdb51_of_one_name(tmp_path)
    make(tmp_path, "again/walk/clip1.avi")
    with pytest.raises(ValueError, match=r"walk_test_split1\.txt, line 1: walk/clip1\.avi could be any of .*keep one"):
        listed(tmp_path, fold=1)


def test_what_is_no_regular_file_is_no_list(tmp_path: Path) -> None:
    make(tmp_path, "a/1.mp4", "b/2.mp4")
    os.mkfifo(tmp_path / "train.csv")  # opening it would wait for ever
    (tmp_path / "a" / "notes.csv").mkdir()
    os.mkfifo(tmp_path / "classes.txt")
    assert listed(tmp_path)[0] == "folder"


@pytest.mark.parametrize(("labels", "noted"), [((1, 2), True), ((0, 1), False), ((2, 3), False)])
def test_a_list_that_might_count_either_way_says_how_it_is_read(
    tmp_path: Path, labels: tuple[int, int], noted: bool
) -> None:
    make(tmp_path, "a.mp4", "b.mp4")
    write(tmp_path / "train.txt", *(f"{name}.mp4 {label}" for name, label in zip("ab", labels, strict=True)))
    write(tmp_path / "classes.txt", "1 walk", "2 run", "3 jump")
    _, listing = listed(tmp_path)
    assert (
        any("labels are taken to count from 1" in note and "label 1 is walk" in note for note in listing.notes) is noted
    )
