"""vggx.data.tables: any CSV whose columns are said; a fold that is the test split is seen nowhere else."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vggx.data import sources
from vggx.data.datamodule import SplitData
from vggx.data.listing import SPLITS, Listing
from vggx.data.tables import Columns, read_table, table
from vggx.options import DataOptions

PUBLISHED = Columns(path="audio/{name}", label="kind", split=None, fold="fold", group="source", order="number")


def write(file: Path, rows: list[dict[str, object]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def clips(folds: int = 3, each: int = 8) -> list[dict[str, object]]:
    """Two classes; two clips of every source, which lies in one fold."""
    return [
        {
            "name": f"{fold}-{number}.wav",
            "kind": ["zebra", "ant"][number % 2],
            "number": number % 2,
            "fold": fold,
            "source": f"s{fold}-{number // 2}",
        }
        for fold in range(1, folds + 1)
        for number in range(each)
    ]


def listed(folder: Path, rows: list[dict[str, object]], columns: Columns = PUBLISHED, **options: object) -> Listing:
    return table(write(folder / "meta" / "list.csv", rows), folder, DataOptions(**options), columns)


def test_the_fold_given_is_the_test_split(tmp_path: Path) -> None:
    listing = listed(tmp_path, clips(), fold=2)
    assert {sample.path for sample in listing.splits["test"]} == {
        str(tmp_path / "audio" / f"2-{number}.wav") for number in range(8)
    }
    assert len(listing.splits["train"]) == 16
    assert listing.splits["val"] == []


def test_classes_stand_in_the_published_order(tmp_path: Path) -> None:
    assert listed(tmp_path, clips(), fold=1).classes == ["zebra", "ant"]
    by_name = Columns(path="audio/{name}", label="kind", split=None, group="source")
    assert listed(tmp_path, clips(), by_name, fold=1).classes == ["ant", "zebra"]


@pytest.mark.parametrize("fold", [7, "x"])
def test_a_fold_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, fold: object) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.fold={fold} is none of the folds 1, 2, 3 of the column"):
        listed(tmp_path, clips(), fold=fold)


def test_a_fold_must_be_chosen_where_there_are_folds_alone(tmp_path: Path) -> None:
    message = r"the column 'fold' of .*list\.csv has the folds 1, 2, 3: modality\.data\.fold=1 tests on that one"
    with pytest.raises(ValueError, match=message):
        listed(tmp_path, clips())


def test_a_source_without_folds_takes_none(tmp_path: Path) -> None:
    class Any(SplitData):
        load = None

    data = Any(DataOptions(root=str(tmp_path), fold=1))
    with pytest.raises(ValueError, match=r"modality\.data\.source=folder has no folds: leave out modality\.data\.fold"):
        data.find()


@pytest.mark.parametrize("name", ["source", "fold", "number"])
def test_a_published_column_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    rows = [{key: value for key, value in row.items() if key != name} for row in clips()]
    with pytest.raises(ValueError, match=rf"list\.csv lacks the column {name}: it has"):
        listed(tmp_path, rows, fold=1)


def test_a_class_number_that_is_none_is_named_by_line(tmp_path: Path) -> None:
    rows = clips()
    rows[4]["number"] = "two"
    with pytest.raises(ValueError, match=r"list\.csv, line 6: number 'two' is not a number"):
        listed(tmp_path, rows, fold=1)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 5), st.integers(4, 12), st.integers(0, 100), st.floats(0.05, 0.5))
def test_validation_is_taken_from_the_training_folds_and_sources_stay_whole(
    tmp_path_factory: pytest.TempPathFactory, folds: int, each: int, seed: int, share: float
) -> None:
    root = tmp_path_factory.mktemp("folds")
    rows = clips(folds, each)
    for row in rows:
        (root / "audio").mkdir(exist_ok=True)
        (root / "audio" / str(row["name"])).touch()
    options = DataOptions(fold=1 + seed % folds, val_share=share, split_seed=seed)
    listing = table(write(root / "list.csv", rows), root, options, PUBLISHED)
    sources.finish(listing, options, root, split_given=True)
    fold_of = {str(root / "audio" / str(row["name"])): row["fold"] for row in rows}
    assert {fold_of[sample.path] for sample in listing.splits["test"]} == {options.fold}
    for split in ("train", "val"):
        assert options.fold not in {fold_of[sample.path] for sample in listing.splits[split]}
    sides = defaultdict(set)
    for split in SPLITS:
        for sample in listing.splits[split]:
            sides[sample.group].add(split)
    assert all(len(splits) == 1 for splits in sides.values())
    assert listing.notes == []
    assert sum(len(samples) for samples in listing.splits.values()) == len(rows)


def test_a_manifest_gives_its_folds_by_any_column(tmp_path: Path) -> None:
    rows = [{"path": f"{who}{n}.wav", "label": "ab"[n % 2], "speaker": who} for who in ("jo", "li") for n in range(6)]
    write(tmp_path / "labels.csv", rows)
    for row in rows:
        (tmp_path / str(row["path"])).touch()
    options = DataOptions(fold="li", fold_column="speaker", val_share=0)
    listing = sources.manifest(tmp_path, options, (".wav",))
    assert {Path(sample.path).name[:2] for sample in listing.splits["test"]} == {"li"}
    assert {Path(sample.path).name[:2] for sample in listing.splits["train"]} == {"jo"}
    with pytest.raises(ValueError, match=r"modality\.data\.fold=max is none of the folds jo, li"):
        sources.manifest(tmp_path, DataOptions(fold="max", fold_column="speaker"), (".wav",))
    with pytest.raises(ValueError, match=r"labels\.csv lacks the column fold: it has \['path', 'label', 'speaker'\]"):
        sources.manifest(tmp_path, DataOptions(fold="li"), (".wav",))


def test_groups_on_both_sides_of_a_given_split_are_pointed_out(tmp_path: Path) -> None:
    lines = ["path,label,split,group", "1,a,train,g1", "2,b,train,g2", "3,a,test,g1", "4,b,val,g3", "5,b,train,g3"]
    for number in range(1, 6):
        (tmp_path / str(number)).touch()
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    listing = sources.manifest(tmp_path, DataOptions(), ())
    assert listing.notes == [
        "groups that stand in both train and val: 1, such as g3; the val figures will be too good",
        "groups that stand in both train and test: 1, such as g1; the test figures will be too good",
    ]


def test_missing_files_of_a_published_list_are_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "1-0.wav").touch()
    listing = listed(tmp_path, clips(), fold=1)
    sources.leave_out_missing(listing)
    assert [len(listing.splits[split]) for split in SPLITS] == [0, 0, 1]
    (note,) = listing.notes
    assert note.startswith("23 of the 24 files listed are missing and left out, such as ")
    (tmp_path / "audio" / "1-0.wav").unlink()
    with pytest.raises(ValueError, match=r"none of the 1 files listed is there, such as .*1-0\.wav"):
        sources.leave_out_missing(listing)


def test_rows_come_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,b\n1,"x\ny"\n2,z\n')
    assert read_table(tmp_path / "t.csv", ["a"]) == [(3, {"a": "1", "b": "x\ny"}), (4, {"a": "2", "b": "z"})]


def test_a_split_column_that_a_fold_overrules_is_noted(tmp_path: Path) -> None:
    rows = [{"path": f"{n}.wav", "label": "ab"[n % 2], "split": "test", "fold": n // 4} for n in range(8)]
    for row in rows:
        (tmp_path / str(row["path"])).touch()
    write(tmp_path / "labels.csv", rows)
    listing = sources.manifest(tmp_path, DataOptions(fold=1), (".wav",))
    assert len(listing.splits["test"]) == 4
    assert listing.notes == [
        f"the column split of {tmp_path / 'labels.csv'} is not looked at: modality.data.fold is given"
    ]


def test_a_fold_column_without_a_fold_holds_nothing_out_and_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label,speaker\n1.wav,a,jo\n")

    class Any(SplitData):
        load = None

    with pytest.raises(ValueError, match=r"modality\.data\.fold_column=speaker holds nothing out by itself"):
        Any(DataOptions(root=str(tmp_path), fold_column="speaker")).find()
