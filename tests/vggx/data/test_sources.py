"""vggx.data.sources: folders and manifests written here, listed as they were written, and what is wrong refused."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from vggx.data import sources
from vggx.data.listing import SPLITS, Listing, Sample
from vggx.options import DataOptions

TEXT = (".txt",)


def fill(place: Path, count: int) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (place / f"{number:03d}.txt").write_text(str(number))


def folder(root: Path, **options: object) -> Listing:
    return sources.folder(root, DataOptions(**options), TEXT)


def manifest(
    root: Path, rows: Sequence[str], *, make: bool = True, encoding: str = "utf-8", **options: object
) -> Listing:
    """The listing of a labels.csv of these lines; the files they name are made, unless told not to."""
    (root / "labels.csv").write_text("\n".join(rows) + "\n", encoding=encoding)
    for row in rows[1:] if make else []:
        path = root / row.split(",")[0]
        if path.name:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return sources.manifest(root, DataOptions(**options), TEXT)


def names(samples: Iterable[Sample], root: Path) -> list[str]:
    return [Path(sample.path).relative_to(root).as_posix() for sample in samples]


def per_class(listing: Listing, split: str) -> list[int]:
    counts = Counter(sample.target for sample in listing.splits[split])
    return [counts[label] for label in range(len(listing.classes))]


def kept_together_or_refused(make: Callable[[], Listing]) -> bool:
    """Whether no file stands in two splits under two names."""
    try:
        listing = make()
    except ValueError as error:
        return "a file may be in one split only" in str(error)
    files = [{Path(sample.path).resolve() for sample in listing.splits[split]} for split in SPLITS]
    return len(set.union(*files)) == sum(map(len, files))


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Three classes of 20, 40 and 100 files, without splits."""
    for name, count in {"ant": 20, "bee": 40, "cat": 100}.items():
        fill(tmp_path / name, count)
    return tmp_path


# folders


def test_given_splits_are_kept(tmp_path: Path) -> None:
    for split, count in {"train": 5, "val": 2, "test": 3}.items():
        fill(tmp_path / split / "bee", count)
        fill(tmp_path / split / "ant", count + 1)
    listing = folder(tmp_path)
    assert listing.classes == ["ant", "bee"]
    assert {split: per_class(listing, split) for split in SPLITS} == {"train": [6, 5], "val": [3, 2], "test": [4, 3]}
    for split in SPLITS:
        for sample in listing.splits[split]:
            assert Path(sample.path).parent == tmp_path / split / listing.classes[sample.target]


@pytest.mark.parametrize(
    "spelling", [("train", "val", "test"), ("training", "validation", "testing"), ("train", "valid", "test")]
)
def test_splits_have_several_names(tmp_path: Path, spelling: tuple[str, ...]) -> None:
    for name, count in zip(spelling, (4, 3, 2), strict=True):
        fill(tmp_path / name / "a", count)
    assert [len(folder(tmp_path).splits[split]) for split in SPLITS] == [4, 3, 2]


def test_two_names_of_one_split_are_refused(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "a", 9)
    fill(tmp_path / "val" / "a", 2)
    fill(tmp_path / "validation" / "a", 3)
    with pytest.raises(ValueError, match=r"\bval\b.*\bvalidation\b"):
        folder(tmp_path)


def test_validation_is_taken_from_train_where_it_is_not_given(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "a", 40)
    fill(tmp_path / "train" / "b", 20)
    fill(tmp_path / "test" / "a", 5)
    fill(tmp_path / "test" / "b", 5)
    listing = folder(tmp_path)
    assert [per_class(listing, split) for split in SPLITS] == [[34, 17], [6, 3], [5, 5]]


def test_no_test_folder_no_test(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "a", 40)
    assert folder(tmp_path).splits["test"] == []


def test_classes_alone_are_split_alike_in_every_class(classes: Path) -> None:
    listing = folder(classes)
    assert [per_class(listing, split) for split in SPLITS] == [[14, 28, 70], [3, 6, 15], [3, 6, 15]]
    everything = [sample.path for split in SPLITS for sample in listing.splits[split]]
    assert sorted(everything) == sorted(str(path) for path in classes.rglob("*.txt"))


def test_shares_can_be_set(classes: Path) -> None:
    listing = folder(classes, val_share=0.25, test_share=0.5)
    assert [per_class(listing, split) for split in SPLITS] == [[5, 10, 25], [5, 10, 25], [10, 20, 50]]


def test_the_split_hangs_on_its_seed_alone(classes: Path) -> None:
    def split(seed: int) -> list[list[str]]:
        listing = folder(classes, split_seed=seed)
        return [names(listing.splits[part], classes) for part in SPLITS]

    assert split(0) == split(0)
    first, second = split(0), split(1)
    assert first[1] != second[1]
    assert first[2] != second[2]


def test_a_moved_folder_is_split_the_same(classes: Path) -> None:
    before = folder(classes)
    listed = {split: names(before.splits[split], classes) for split in SPLITS}
    moved = classes.rename(classes.with_name("elsewhere"))
    after = folder(moved)
    assert {split: names(after.splits[split], moved) for split in SPLITS} == listed


def test_numbers_are_in_the_order_of_numbers(tmp_path: Path) -> None:
    for name in ("10", "9", "0", "100"):
        fill(tmp_path / name, 4)
    assert folder(tmp_path).classes == ["0", "9", "10", "100"]


def test_other_names_are_in_the_order_of_letters(tmp_path: Path) -> None:
    for name in ("10", "9", "b", "a"):
        fill(tmp_path / name, 4)
    assert folder(tmp_path).classes == ["10", "9", "a", "b"]


def test_given_classes_set_the_order(classes: Path) -> None:
    listing = folder(classes, classes=["cat", "ant", "bee"])
    assert listing.classes == ["cat", "ant", "bee"]
    assert {Path(sample.path).parent.name for sample in listing.splits["train"] if sample.target == 0} == {"cat"}


def test_files_are_found_at_any_depth_and_others_left(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "a" / "deep" / "deeper", 2)
    fill(tmp_path / "train" / "a" / ".hidden", 2)
    fill(tmp_path / ".git" / "a", 2)
    (tmp_path / "train" / "a" / "UPPER.TXT").touch()
    (tmp_path / "train" / "a" / ".dot.txt").touch()
    (tmp_path / "train" / "a" / "notes.md").touch()
    (tmp_path / "train" / "a" / "folder.txt").mkdir()
    (tmp_path / "train" / "readme.txt").touch()
    listing = folder(tmp_path, val_share=0)
    assert names(listing.splits["train"], tmp_path / "train" / "a") == [
        "UPPER.TXT",
        "deep/deeper/000.txt",
        "deep/deeper/001.txt",
    ]


def test_an_empty_class_is_refused(classes: Path) -> None:
    (classes / "dog").mkdir()
    with pytest.raises(ValueError, match=r"class 'dog' is empty: .*dog has no file ending in \.txt"):
        folder(classes)


def test_a_class_that_training_does_not_know_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "ant", 3)
    fill(tmp_path / "val" / "bee", 3)
    with pytest.raises(ValueError, match=r"val.bee is a class that is not in the class list: ant"):
        folder(tmp_path)


def test_a_folder_not_among_the_given_classes_is_refused(classes: Path) -> None:
    with pytest.raises(ValueError, match=r"cat is a class that is not in the class list: ant, bee"):
        folder(classes, classes=["ant", "bee"])


def test_splits_without_train_are_refused(tmp_path: Path) -> None:
    fill(tmp_path / "test" / "a", 3)
    with pytest.raises(ValueError, match=r"has test but no train folder"):
        folder(tmp_path)


def test_a_root_without_classes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match="holds no classes: expected one folder for each class"):
        folder(tmp_path)


def test_one_file_in_two_splits_is_refused_under_any_name(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "a", 3)
    (tmp_path / "test" / "a").mkdir(parents=True)
    (tmp_path / "test" / "a" / "other.txt").symlink_to(tmp_path / "train" / "a" / "001.txt")
    with pytest.raises(ValueError, match=r"other\.txt is in both train and test"):
        folder(tmp_path)


def test_one_file_under_two_names_is_not_split_apart(tmp_path: Path) -> None:
    fill(tmp_path / "a", 20)
    fill(tmp_path / "b", 20)
    for number in range(20):
        (tmp_path / "a" / f"again{number}.txt").symlink_to(tmp_path / "a" / f"{number:03d}.txt")
    assert kept_together_or_refused(lambda: folder(tmp_path))


@pytest.mark.parametrize(
    "shares", [{"val_share": 1.0}, {"val_share": 15}, {"test_share": -0.1}, {"val_share": 0.6, "test_share": 0.5}]
)
def test_impossible_shares_are_refused(classes: Path, shares: dict[str, float]) -> None:
    val, test = {"val_share": 0.15, "test_share": 0.15, **shares}.values()
    message = rf"^val_share={val} and test_share={test} must be 0 or more, together below 1$"
    with pytest.raises(ValueError, match=message):
        folder(classes, **shares)


# manifests


def test_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    listing = manifest(tmp_path, ["path,label,split", "x/1.txt,cat,train", "x/2.txt,ant,val", "3.txt,cat,test"])
    assert listing.classes == ["ant", "cat"]
    assert [names(listing.splits[split], tmp_path) for split in SPLITS] == [["x/1.txt"], ["x/2.txt"], ["3.txt"]]
    assert [listing.splits[split][0].target for split in SPLITS] == [1, 0, 1]


def test_a_manifest_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "1.txt").touch()
    (tmp_path / "lists" / "mine.csv").write_text("path,label\n../media/1.txt,a\n")
    options = DataOptions(manifest=str(tmp_path / "lists" / "mine.csv"), root=str(tmp_path))
    (sample,) = sources.manifest(Path(), options, TEXT).splits["train"]
    assert Path(sample.path).resolve() == (tmp_path / "media" / "1.txt").resolve()


def test_other_columns_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    listing = manifest(tmp_path, ["path,note,label", "1.txt,hello,cat", '2.txt,"a, b",ant'], encoding="utf-8-sig")
    assert listing.classes == ["ant", "cat"]
    assert len(listing.splits["train"]) == 2 - len(listing.splits["val"])


def test_names_of_any_script(tmp_path: Path) -> None:
    listing = manifest(tmp_path, ["path,label,split", "größe 1.txt,каша,train", "[2]=.txt,日本,val"])
    assert listing.classes == ["каша", "日本"]
    assert names(listing.splits["train"], tmp_path) == ["größe 1.txt"]
    assert all(Path(sample.path).is_file() for split in SPLITS for sample in listing.splits[split])


def test_no_test_rows_no_test_and_validation_from_train(tmp_path: Path) -> None:
    rows = [f"{label}{number}.txt,{label}" for label in "ab" for number in range(20)]
    listing = manifest(tmp_path, ["path,label", *rows])
    assert [per_class(listing, split) for split in SPLITS] == [[17, 17], [3, 3], [0, 0]]


def test_validation_is_taken_by_group(tmp_path: Path) -> None:
    rows = [f"{speaker}{number}.txt,{number % 2},s{speaker}" for speaker in range(10) for number in range(6)]
    for seed in range(5):
        listing = manifest(tmp_path, ["path,label,group", *rows], split_seed=seed)
        groups = [{sample.group for sample in listing.splits[split]} for split in ("train", "val")]
        assert groups[0].isdisjoint(groups[1])
        assert groups[0] | groups[1] == {f"s{speaker}" for speaker in range(10)}
        assert len(groups[1]) in (1, 2)  # 0.15 of 60 files is 9, and a speaker has 6


def test_one_group_alone_cannot_be_shared_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="all 2 samples are of the group 's': none can be held out"):
        manifest(tmp_path, ["path,label,group", "1.txt,a,s", "2.txt,b,s"])


def test_split_names_are_read_in_any_case(tmp_path: Path) -> None:
    listing = manifest(
        tmp_path, ["path,label,split", "1.txt,a,Train", "2.txt,a, VALID ", "3.txt,a,Testing", "4.txt,a,"]
    )
    assert [len(listing.splits[split]) for split in SPLITS] == [2, 1, 1]


@pytest.mark.parametrize(
    ("header", "missing"), [("path,class", "label"), ("file,label", "path"), ("path;label", "label, path")]
)
def test_a_missing_column_is_named(tmp_path: Path, header: str, missing: str) -> None:
    with pytest.raises(ValueError, match=rf"labels\.csv lacks the column {missing}: it has \['"):
        manifest(tmp_path, [header, "1.txt,a"])


@pytest.mark.parametrize(
    ("row", "words"), [(",a", "path is"), ("2.txt,", "label is"), ("2.txt", "label is"), (",", "label and path are")]
)
def test_an_empty_value_is_refused_by_line(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(ValueError, match=rf"labels\.csv, line 3: {words} empty"):
        manifest(tmp_path, ["path,label", "1.txt,a", row])


def test_an_unknown_split_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labels\.csv, line 3: split 'dev' is none of train, val, test"):
        manifest(tmp_path, ["path,label,split", "1.txt,a,train", "2.txt,a,dev"])


def test_a_label_not_in_the_class_list_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labels\.csv, line 4: label 'dog' is not in the class list: ant, cat"):
        manifest(tmp_path, ["path,label", "1.txt,ant", "2.txt,cat", "3.txt,dog"], classes=["ant", "cat"])


def test_a_file_in_two_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"1\.txt is in both train and test: a file may be in one split only"):
        manifest(tmp_path, ["path,label,split", "1.txt,a,train", "./1.txt,a,test"])


def test_a_file_listed_twice_is_not_split_apart(tmp_path: Path) -> None:
    rows = [f"{prefix}{number}.txt,a" for number in range(30) for prefix in ("", "./")]
    assert kept_together_or_refused(lambda: manifest(tmp_path, ["path,label", *rows]))


def test_one_missing_file_is_kept_to_be_reported_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "1.txt").touch()
    listing = manifest(tmp_path, ["path,label,split", "1.txt,a,train", "2.txt,a,train"], make=False, val_share=0)
    assert len(listing.splits["train"]) == 2


def test_none_of_the_files_exists(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none of the 2 files of .*labels\.csv exists, such as .*1\.txt"):
        manifest(tmp_path, ["path,label", "1.txt,a", "2.txt,a"], make=False)


def test_a_manifest_without_rows_or_training_rows(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labels\.csv lists no files"):
        manifest(tmp_path, ["path,label"])
    with pytest.raises(ValueError, match="no training samples"):
        manifest(tmp_path, ["path,label,split", "1.txt,a,test"])


def test_a_manifest_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"the manifest .*labels\.csv does not exist"):
        sources.manifest(tmp_path, DataOptions(), TEXT)


def test_a_manifest_in_another_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labels\.csv"):
        manifest(tmp_path, ["path,label", "1.txt,größe"], encoding="latin-1")


# which of the two


def test_a_manifest_is_guessed_where_there_is_one(tmp_path: Path) -> None:
    assert sources.guess(tmp_path, DataOptions()) == "folder"
    assert sources.guess(tmp_path, DataOptions(manifest="x.csv")) == "manifest"
    (tmp_path / "labels.csv").touch()
    assert sources.guess(tmp_path, DataOptions()) == "manifest"
    assert sources.guess(None, DataOptions()) == "folder"


def test_the_spoken_digits_as_their_manifest_says(shared_data: Path) -> None:
    listing = sources.manifest(shared_data / "fsdd", DataOptions(), (".wav",))
    assert listing.classes == [str(digit) for digit in range(10)]
    assert per_class(listing, "test") == [30] * 10  # index 0 to 4 of six speakers
    assert sum(len(listing.splits[split]) for split in SPLITS) == 3000
    assert per_class(listing, "val") == [40] * 10  # round(0.15 * 270)
    assert all(int(Path(sample.path).stem.split("_")[2]) < 5 for sample in listing.splits["test"])
