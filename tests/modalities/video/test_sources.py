"""modalities.video.sources: the field's data sets in the layouts, names and lists in which they are distributed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from modalities.video.sources import frame_folders, group_of
from tests.modalities.video.layouts import content, listed, make, sides, write
from vggx.data.listing import SPLITS

# Kinetics

HEADER = "label,youtube_id,time_start,time_end,split"


def test_kinetics_as_cvdf_distributes_it(tmp_path: Path) -> None:
    make(tmp_path, "train/abseiling/0347ZoDXyP0_000095_000105.mp4", "train/arm wrestling/-0WZKTu0xKk_000001_000011.mp4")
    make(tmp_path, "val/abseiling/3caPS4FHFF8_000036_000046.mp4")
    write(
        tmp_path / "annotations/train.csv",
        HEADER,
        "abseiling,0347ZoDXyP0,95,105,train",
        "arm wrestling,-0WZKTu0xKk,1,11,train",
        "arm wrestling,AAAAAAAAAAA,7,17,train",
    )
    write(tmp_path / "annotations/val.csv", HEADER, "abseiling,3caPS4FHFF8,36,46,val")
    source, listing = listed(tmp_path)
    assert source == "kinetics"
    assert content(listing, tmp_path) == {
        "train": {
            ("train/abseiling/0347ZoDXyP0_000095_000105.mp4", "abseiling"),
            ("train/arm wrestling/-0WZKTu0xKk_000001_000011.mp4", "arm wrestling"),
        },
        "val": {("val/abseiling/3caPS4FHFF8_000036_000046.mp4", "abseiling")},
        "test": set(),
    }
    assert {sample.group for sample in listing.splits["train"]} == {"0347ZoDXyP0", "-0WZKTu0xKk"}
    (note,) = listing.notes
    assert note.startswith("1 of the 4 files listed are missing and left out, such as ")
    assert note.endswith("AAAAAAAAAAA_000007_000017.mp4")


def test_kinetics_under_other_names_and_folders(tmp_path: Path) -> None:
    make(tmp_path, "videos/aaaaaaaaaaa.mp4", "more/abseiling_rope/bbbbbbbbbbb_3_13.mkv")
    csv = write(tmp_path / "mine.csv", HEADER, "x,aaaaaaaaaaa,95,105,train", "y,bbbbbbbbbbb,3.0,13.0,validate")
    source, listing = listed(tmp_path, manifest=str(csv))
    assert source == "kinetics"
    assert content(listing, tmp_path) == {
        "train": {("videos/aaaaaaaaaaa.mp4", "x")},
        "val": {("more/abseiling_rope/bbbbbbbbbbb_3_13.mkv", "y")},
        "test": set(),
    }


def test_a_kinetics_test_list_without_labels_is_noted(tmp_path: Path) -> None:
    make(tmp_path, "aaaaaaaaaaa_000001_000011.mp4", "bbbbbbbbbbb_000001_000011.mp4")
    write(tmp_path / "train.csv", HEADER, "x,aaaaaaaaaaa,1,11,train")
    write(tmp_path / "test.csv", HEADER, ",bbbbbbbbbbb,1,11,test")
    _, listing = listed(tmp_path)
    assert listing.splits["test"] == []
    assert f"1 rows of {tmp_path / 'test.csv'} have no label and are left out" in listing.notes


def test_kinetics_without_a_single_video_names_the_first_looked_for(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", HEADER, "x,aaaaaaaaaaa,1,11,train")
    with pytest.raises(
        ValueError, match=r"none of the 1 files listed is there, such as .*aaaaaaaaaaa_000001_000011\.mp4"
    ):
        listed(tmp_path, source="kinetics")


@pytest.mark.parametrize(
    ("row", "reason"),
    [("x,aaaaaaaaaaa,1,11,dev", "split 'dev' is none of"), ("x,aaaaaaaaaaa,one,11,train", "a time is not a number")],
)
def test_a_wrong_row_of_kinetics_is_named_by_line(tmp_path: Path, row: str, reason: str) -> None:
    make(tmp_path, "aaaaaaaaaaa_000001_000011.mp4")
    write(tmp_path / "train.csv", HEADER, "x,aaaaaaaaaaa,1,11,train", row)
    with pytest.raises(ValueError, match=rf"train\.csv, line 3: {reason}"):
        listed(tmp_path)


def test_a_kinetics_video_in_train_and_test_is_pointed_out(tmp_path: Path) -> None:
    make(tmp_path, "aaaaaaaaaaa_000001_000011.mp4", "aaaaaaaaaaa_000020_000030.mp4")
    write(tmp_path / "train.csv", HEADER, "x,aaaaaaaaaaa,1,11,train")
    write(tmp_path / "test.csv", HEADER, "x,aaaaaaaaaaa,20,30,test")
    _, listing = listed(tmp_path)
    assert listing.notes == [
        "groups that stand in both train and test: 1, such as aaaaaaaaaaa; the test figures will be too good"
    ]


# UCF-101


def ucf101(root: Path, folder: str = "UCF-101") -> None:
    """Two classes of four groups with two clips each; fold n tests group n."""
    classes = ["ApplyEyeMakeup", "YoYo"]
    names = [
        f"{kind}/v_{kind}_g{group:02d}_c{clip:02d}.avi" for kind in classes for group in range(1, 5) for clip in (1, 2)
    ]
    make(root / folder, *names)
    lists = root / "ucfTrainTestlist"
    write(lists / "classInd.txt", "1 ApplyEyeMakeup", "2 YoYo")
    for fold in (1, 2, 3):
        test = [name for name in names if f"_g{fold:02d}_" in name]
        write(lists / f"testlist{fold:02d}.txt", *test)
        train = [f"{name} {1 + classes.index(name.split('/')[0])}" for name in names if name not in test]
        write(lists / f"trainlist{fold:02d}.txt", *train)


@pytest.mark.parametrize("folder", ["UCF-101", "."])
@pytest.mark.parametrize("fold", [1, 2, 3])
def test_ucf101_by_its_official_splits(tmp_path: Path, fold: int, folder: str) -> None:
    ucf101(tmp_path, folder)
    source, listing = listed(tmp_path, fold=fold)
    assert source == "ucf101"
    assert listing.classes == ["ApplyEyeMakeup", "YoYo"]
    assert {Path(s.path).name.split("_")[2] for s in listing.splits["test"]} == {f"g{fold:02d}"}
    assert len(listing.splits["test"]) == 4
    assert len(listing.splits["train"]) == 12
    assert all(f"v_{listing.classes[s.target]}_" in s.path for split in SPLITS for s in listing.splits[split])
    assert listing.notes == []


def test_ucf101_without_a_fold_says_which_there_are(tmp_path: Path) -> None:
    ucf101(tmp_path)
    with pytest.raises(
        ValueError, match=r"ucfTrainTestlist has the folds 1, 2, 3: modality\.data\.fold=1 tests on that"
    ):
        listed(tmp_path)
    with pytest.raises(ValueError, match=r"modality\.data\.fold=4 is none of the folds 1, 2, 3"):
        listed(tmp_path, fold=4)


def test_validation_of_ucf101_is_taken_by_whole_groups_of_training(tmp_path: Path) -> None:
    ucf101(tmp_path)
    _, listing = listed(tmp_path, fold=1, val_share=0.34)
    assert all(len(splits) == 1 for splits in sides(listing).values())
    assert {s.target for s in listing.splits["val"]} == {0, 1}
    assert len(listing.splits["val"]) == 4  # of each class one of its three groups
    assert len(listing.splits["test"]) == 4


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 7), st.integers(1, 4), st.floats(0.05, 0.45), st.floats(0.05, 0.45), st.integers(0, 1000))
def test_class_folders_of_ucf101_are_split_by_groups(
    tmp_path_factory: pytest.TempPathFactory, groups: int, clips: int, val: float, test: float, seed: int
) -> None:
    root = tmp_path_factory.mktemp("ucf")
    make(
        root,
        *(
            f"{kind}/v_{kind}_g{group:02d}_c{clip:02d}.avi"
            for kind in ("A", "B")
            for group in range(groups)
            for clip in range(clips)
        ),
    )
    source, listing = listed(root, val_share=val, test_share=test, split_seed=seed)
    assert source == "folder"
    assert all(len(splits) == 1 for splits in sides(listing).values())
    assert len(sides(listing)) == 2 * groups
    assert {s.target for s in listing.splits["test"]} == {0, 1}


def test_given_folders_that_tear_a_group_apart_are_pointed_out(tmp_path: Path) -> None:
    make(tmp_path, "train/A/v_A_g01_c01.avi", "train/B/v_B_g01_c01.avi", "test/A/v_A_g01_c02.avi")
    _, listing = listed(tmp_path)
    assert listing.notes == [
        "groups that stand in both train and test: 1, such as A_g01; the test figures will be too good"
    ]


def test_a_part_of_ucf101_leaves_out_the_classes_that_are_not_there(tmp_path: Path) -> None:
    ucf101(tmp_path)
    for path in (tmp_path / "UCF-101/ApplyEyeMakeup").iterdir():
        path.unlink()
    _, listing = listed(tmp_path, fold=1)
    assert listing.classes == ["YoYo"]
    assert {s.target for split in SPLITS for s in listing.splits[split]} == {0}
    assert any("1 classes have no file here and are left out, such as ApplyEyeMakeup" in note for note in listing.notes)


# HMDB51


def test_hmdb51_by_its_official_splits(tmp_path: Path) -> None:
    films = {
        "brush_hair": ["April_09_brush_hair_u_nm_np1_ba_goo_0", "Haare_brush_hair_f_cm_np2_le_med_3"],
        "wave": ["20060723sfjffbartsinger_wave_f_cm_np1_ba_med_0", "50_FIRST_DATES_wave_f_cm_np1_fr_med_36"],
    }
    for kind, names in films.items():
        make(tmp_path, *(f"{kind}/{name}.avi" for name in names))
        for fold in (1, 2, 3):
            numbers = (1, 2) if fold == 1 else (2, 1) if fold == 2 else (1, 0)
            lines = [f"{name}.avi {number} " for name, number in zip(names, numbers, strict=True)]
            write(tmp_path / f"testTrainMulti_7030_splits/{kind}_test_split{fold}.txt", *lines)
    source, listing = listed(tmp_path, fold=2)
    assert source == "hmdb51"
    found = content(listing, tmp_path)
    assert found["train"] == {(f"{kind}/{names[1]}.avi", kind) for kind, names in films.items()}
    assert found["test"] == {(f"{kind}/{names[0]}.avi", kind) for kind, names in films.items()}
    assert {s.group for s in listing.splits["test"]} == {"April_09", "20060723sfjffbartsinger"}
    _, third = listed(tmp_path, fold=3)
    assert third.splits["test"] == []


def test_a_wrong_line_of_hmdb51_is_named(tmp_path: Path) -> None:
    make(tmp_path, "wave/a.avi")
    write(tmp_path / "splits/wave_test_split1.txt", "a.avi 1", "b.avi 7")
    with pytest.raises(ValueError, match=r"wave_test_split1\.txt, line 2: 'b\.avi 7' is not a name and 0, 1 or 2"):
        listed(tmp_path, fold=1)


# folders of frames


@pytest.mark.parametrize("split", ["", "train/"])
def test_folders_of_frames(tmp_path: Path, split: str) -> None:
    for name in ("walk/v1", "walk/v2", "run/v3"):
        (tmp_path / split / name).mkdir(parents=True)
        for number in (1, 2):
            Image.new("RGB", (8, 8)).save(tmp_path / split / name / f"img_{number:05d}.jpg")
    source, listing = listed(tmp_path, test_share=0.0)
    assert source == "frames"
    assert content(listing, tmp_path)["train"] == {
        (f"{split}walk/v1", "walk"), (f"{split}walk/v2", "walk"), (f"{split}run/v3", "run")
    }  # fmt: skip


def test_a_folder_is_one_of_frames_by_what_lies_in_it(tmp_path: Path) -> None:
    make(tmp_path, "v1/img_1.jpg", "deep/v2/1.png", "v3/notes.txt", "loose.jpg")
    assert [path.name for path in frame_folders(tmp_path, (".jpg", ".png"))] == ["v2", "v1"]


# what names tell


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("UCF-101/YoYo/v_YoYo_g25_c05.avi", "YoYo_g25"),
        ("hmdb/ride_bike/lady_on_bike_ride_bike_f_cm_np1_ri_med_0.avi", "lady_on_bike"),
        ("k/abseiling/-3B32lodo2M_000059_000069.mp4", "-3B32lodo2M"),
        ("mine/walk/holiday.mp4", ""),
        ("mine/walk/clip_g01.mp4", ""),
    ],
)
def test_groups_of_published_names(path: str, group: str) -> None:
    assert group_of(Path(path)) == group


def test_a_folder_per_class_and_a_manifest_are_still_read(tmp_path: Path) -> None:
    make(tmp_path, "a/1.mp4", "b/2.mp4")
    assert listed(tmp_path)[0] == "folder"
    write(tmp_path / "labels.csv", "path,label", "a/1.mp4,x", "b/2.mp4,y")
    assert listed(tmp_path)[0] == "manifest"


# as other projects lay the same data sets out


def frame_folder(place: Path) -> None:
    place.mkdir(parents=True)
    for number in (1, 2):
        Image.new("RGB", (8, 8)).save(place / f"frame{number:06d}.jpg")


def test_a_kinetics_test_csv_without_a_column_of_labels(tmp_path: Path) -> None:
    make(tmp_path, "aaaaaaaaaaa_000001_000011.mp4", "bbbbbbbbbbb_000001_000011.mp4")
    write(tmp_path / "annotations/kinetics_train.csv", f"{HEADER},is_cc", '"air drumming",aaaaaaaaaaa,1,11,train,0')
    columns = HEADER.removeprefix("label,")
    test = write(tmp_path / "annotations/kinetics_test.csv", columns, "bbbbbbbbbbb,1,11,test")
    source, listing = listed(tmp_path)
    assert source == "kinetics"
    assert content(listing, tmp_path)["train"] == {("aaaaaaaaaaa_000001_000011.mp4", "air drumming")}
    assert listing.notes == [f"1 rows of {test} have no label and are left out"]


def test_kinetics_in_mmaction2s_folders_before_its_lists(tmp_path: Path) -> None:
    make(tmp_path, "videos_train/wrapping_present/aaaaaaaaaaa_000001_000011.mp4", "videos_val/zumba/bbbbbbbbbbb.mp4")
    for split, name, label in (("train", "aaaaaaaaaaa", "wrapping present"), ("val", "bbbbbbbbbbb", "zumba")):
        write(tmp_path / f"annotations/kinetics_{split}.csv", HEADER, f"{label},{name},1,11,{split}")
        write(tmp_path / f"kinetics400_{split}_list_videos.txt", f"x/{name}.mp4 0")
    source, listing = listed(tmp_path)
    assert source == "kinetics"
    assert listing.classes == ["wrapping present", "zumba"]
    assert [len(listing.splits[split]) for split in SPLITS] == [1, 1, 0]


def test_ucf101_as_frames_and_with_the_line_ends_of_windows(tmp_path: Path) -> None:
    ucf101(tmp_path)
    for path in (tmp_path / "UCF-101").glob("*/*.avi"):
        path.unlink()
        frame_folder(tmp_path / "jpegs_256" / path.stem)
    for path in (tmp_path / "ucfTrainTestlist").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    source, listing = listed(tmp_path, fold=1)
    assert source == "ucf101"
    assert {Path(sample.path).parent.name for sample in listing.splits["test"]} == {"jpegs_256"}
    assert [len(listing.splits[split]) for split in SPLITS] == [12, 0, 4]


def test_a_net_of_a_part_of_the_classes_is_evaluated_on_that_part(tmp_path: Path) -> None:
    make(tmp_path, "aaaaaaaaaaa.mp4", "bbbbbbbbbbb.mp4")
    rows = ["x,aaaaaaaaaaa,1,11,train", "y,bbbbbbbbbbb,1,11,test", "z,ccccccccccc,1,11,test"]
    write(tmp_path / "train.csv", HEADER, *rows)
    _, first = listed(tmp_path)
    assert first.classes == ["x", "y"]
    _, again = listed(tmp_path, classes=first.classes)
    assert again.splits == first.splits
    with pytest.raises(ValueError, match=r"train\.csv, line 3: label 'y' is not in the class list: x, q"):
        listed(tmp_path, classes=["x", "q"])
