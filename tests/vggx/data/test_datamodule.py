"""vggx.data.datamodule: options -> listing, items and batches, with a modality of text files that hold a number."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from vggx.data import sources
from vggx.data.datamodule import SplitData
from vggx.data.listing import BadFile, Listing, Sample, check_file
from vggx.options import DataOptions


@dataclass(frozen=True)
class ReadNumber:
    """A file of one number -> (number, view, a draw in training)."""

    train: bool

    def __call__(self, sample: Sample, view: int, views: int) -> tuple[Tensor, Any]:
        check_file(sample.path)
        try:
            number = float(Path(sample.path).read_text())
        except ValueError as error:
            raise BadFile(f"{sample.path}: is not a number") from error
        return torch.tensor([number, view, torch.rand(()).item() if self.train else 0.0]), sample.target


def built_in(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    listing = Listing(["a"])
    listing.splits["train"] = [Sample("built in", 0)]
    return listing


class NumberData(SplitData):
    EXTENSIONS = (".txt",)
    SOURCES = {**SplitData.SOURCES, "built_in": built_in}  # noqa: RUF012
    EMBEDDED = ("built_in",)

    def load(self, train: bool) -> ReadNumber:
        return ReadNumber(train)


class ThreeViews(NumberData):
    def views(self, samples: Sequence[Sample]) -> int:
        return 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train: 12 files of ant, 8 of bee; val: 3 and 2; no test; every file holds a number of its own."""
    number = 0
    for split, counts in {"train": (12, 8), "val": (3, 2)}.items():
        for name, count in zip(("ant", "bee"), counts, strict=True):
            place = tmp_path / "data" / split / name
            place.mkdir(parents=True)
            for _ in range(count):
                (place / f"{number:03d}.txt").write_text(str(number))
                number += 1
    return tmp_path / "data"


def open_data(kind: type[SplitData] = NumberData, *, seed: int = 0, **options: Any) -> SplitData:
    return kind(DataOptions(**{"batch_size": 4, "num_workers": 0, **options}), seed)


def rows(loader: Any, epoch: int = 0) -> list[list[float]]:
    loader.sampler.set_epoch(epoch)
    return [row for batch in loader for row in batch.input.tolist()]


# finding


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"modality\.data\.root=.*nowhere is not a folder"):
        open_data(root=str(tmp_path / "nowhere")).find()
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError, match=r"modality\.data\.root=.*file is not a folder"):
        open_data(root=str(tmp_path / "file")).find()


def test_a_misspelt_source_is_answered_with_all(root: Path) -> None:
    with pytest.raises(
        ValueError, match=r"modality\.data\.source must be one of folder, manifest, built_in, not 'foldr'"
    ):
        open_data(root=str(root), source="foldr").find()


@pytest.mark.parametrize("source", [None, "folder", "manifest"])
def test_a_source_that_needs_a_root_says_so(source: str | None) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.source=\w+ needs modality\.data\.root=FOLDER"):
        open_data(source=source).find()


def test_an_embedded_source_needs_none() -> None:
    data = open_data(source="built_in")
    assert data.find().splits["train"] == [Sample("built in", 0)]
    assert data.describe() == "embedded (source built_in): 1 classes, 1 train, 0 val, 0 test"


def test_an_embedded_source_does_not_pass_for_the_users_folder(root: Path) -> None:
    with pytest.raises(ValueError, match=rf"source=built_in is built in: leave out modality\.data\.root={root}$"):
        open_data(source="built_in", root=str(root)).find()


def test_a_folder_is_guessed_and_said(root: Path) -> None:
    data = open_data(root=str(root))
    assert data.describe() == f"{root} (source folder, guessed): 2 classes, 20 train, 5 val, 0 test"


def test_a_manifest_is_guessed_and_said(root: Path) -> None:
    (root / "labels.csv").write_text("path,label\n" + "".join(f"train/ant/{n:03d}.txt,{n % 2}\n" for n in range(12)))
    assert "(source manifest, guessed): 2 classes, 10 train, 2 val, 0 test" in open_data(root=str(root)).describe()
    data = open_data(manifest=str(root / "labels.csv"))
    assert "labels.csv (source manifest, guessed): 2 classes" in data.describe()


def test_a_given_source_wins_over_the_guess(root: Path) -> None:
    (root / "labels.csv").write_text("nothing that could be read")
    assert "(source folder): 2 classes, 20 train" in open_data(root=str(root), source="folder").describe()


def test_the_listing_is_made_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = open_data(root=str(root))
    first = data.find()
    monkeypatch.setattr(sources, "subfolders", None)
    assert data.find() is first


# loading


def test_the_loaders_of_a_run(root: Path) -> None:
    data = open_data(root=str(root))
    train, val = data.train_dataloader(), data.val_dataloader()
    assert (len(train), len(val), len(data.test_dataloader())) == (5, 2, 0)
    numbers = [row[0] for row in rows(train)]
    assert sorted(numbers) == list(range(20))
    assert numbers != sorted(numbers)
    assert rows(val) == [[number, 0, 0] for number in range(20, 25)]
    batch = next(iter(val))
    assert batch.target.tolist() == [0, 0, 0, 1]
    assert batch.file.tolist() == [0, 1, 2, 3]


def test_samples_are_the_same_on_any_number_of_workers(root: Path) -> None:
    found = []
    for workers in (0, 1, 2):
        loader = open_data(root=str(root), num_workers=workers).train_dataloader()
        found.append([rows(loader, epoch) for epoch in (0, 1)])
    assert found[0] == found[1] == found[2]
    assert found[0][0] != found[0][1]
    assert sorted(row[0] for row in found[0][0]) == sorted(row[0] for row in found[0][1])
    assert {row[2] for row in found[0][0]}.isdisjoint(row[2] for row in found[0][1])


def test_the_seed_draws_order_and_augmentation(root: Path) -> None:
    first, again, other = (rows(open_data(root=str(root), seed=seed).train_dataloader()) for seed in (0, 0, 1))
    assert first == again
    assert [row[0] for row in first] != [row[0] for row in other]
    assert {row[2] for row in first}.isdisjoint(row[2] for row in other)


def test_making_and_reading_a_loader_draws_nothing_outside(root: Path) -> None:
    torch.manual_seed(0)
    plain = torch.rand(3).tolist()
    torch.manual_seed(0)
    rows(open_data(root=str(root)).train_dataloader())
    assert torch.rand(3).tolist() == plain


def test_views_are_of_evaluation(root: Path) -> None:
    data = open_data(ThreeViews, root=str(root))
    assert len(data.dataset("train", train=True)) == 20
    assert len(data.dataset("train")) == 60
    assert [row[1] for row in rows(data.val_dataloader())] == [0, 1, 2] * 5


def test_every_device_has_its_share(root: Path) -> None:
    parts = []
    for rank in range(2):
        data = open_data(root=str(root))
        data.trainer = SimpleNamespace(global_rank=rank, world_size=2)  # type: ignore[assignment]
        parts.append([row[0] for row in rows(data.train_dataloader())])
    assert sorted(parts[0] + parts[1]) == list(range(20))
    assert len(parts[0]) == len(parts[1]) == 10


def test_a_bad_file_is_skipped_and_listed(root: Path) -> None:
    (root / "train" / "ant" / "003.txt").write_text("")
    (root / "val" / "bee" / "023.txt").write_text("many")
    data = open_data(root=str(root))
    batches = [*data.train_dataloader(), *data.val_dataloader()]
    bad = {path: reason for batch in batches for path, reason in batch.bad.items()}
    assert sorted(Path(path).name for path in bad) == ["003.txt", "023.txt"]
    assert [reason.partition(": ")[2] for _, reason in sorted(bad.items())] == ["is empty (0 bytes)", "is not a number"]


def test_a_bad_file_is_raised(root: Path) -> None:
    (root / "train" / "ant" / "003.txt").write_text("")
    (root / "val" / "bee" / "023.txt").write_text("many")
    data = open_data(root=str(root), on_error="raise")
    with pytest.raises(BadFile, match=r"003\.txt: is empty"):
        list(data.train_dataloader())
    with pytest.raises(BadFile, match=r"023\.txt: is not a number"):
        list(data.val_dataloader())


# new files


def test_new_files_and_folders(root: Path, tmp_path: Path) -> None:
    data = open_data()
    (root / "notes.md").touch()
    other = str(tmp_path / "any name.dat")
    found = [sample.path for sample in data.new_files([str(root / "val"), other])]
    assert [os.path.relpath(path, root / "val") for path in found[:-1]] == [
        "ant/020.txt",
        "ant/021.txt",
        "ant/022.txt",
        "bee/023.txt",
        "bee/024.txt",
    ]
    assert found[-1] == other  # a file that is named is tried, whatever its ending, and whether it is there


def test_a_folder_without_such_a_file_is_reported_as_a_file_would_be(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    samples = open_data().new_files([str(tmp_path)])
    assert [sample.path for sample in samples] == [str(tmp_path)]
    with pytest.raises(BadFile, match="is not a file, but a folder without one to read"):
        check_file(str(tmp_path))


def test_new_files_are_read_as_in_evaluation(root: Path, tmp_path: Path) -> None:
    data = open_data(ThreeViews)
    samples = data.new_files([str(tmp_path / "missing.txt"), str(root / "val" / "bee")])
    batches = list(data.loader(data.new_dataset(samples)))
    assert [row for batch in batches if batch.input is not None for row in batch.input.tolist()] == [
        [number, view, 0] for number in (23, 24) for view in range(3)
    ]
    assert {reason.partition(": ")[2] for batch in batches for reason in batch.bad.values()} == {"does not exist"}


# files that no decoder should be given


def test_check_file(tmp_path: Path) -> None:
    good, empty, place, pipe = (tmp_path / name for name in ("good", "empty", "place.png", "pipe"))
    good.write_text("x")
    empty.touch()
    place.mkdir()
    os.mkfifo(pipe)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    check_file(str(good))
    for name, reason in {
        "empty": r"is empty \(0 bytes\)",
        "place.png": "is not a file",
        "pipe": "is not a file",
        "dangling": "does not exist",
        "missing": "does not exist",
    }.items():
        with pytest.raises(BadFile, match=rf"{name}: {reason}"):
            check_file(str(tmp_path / name))


def test_further_draws_of_a_sample_are_for_training_alone(root: Path) -> None:
    data = open_data(root=str(root))
    data.repeats = 3
    assert [len(data.order(data.dataset(split, train=split == "train"))) for split in ("train", "val")] == [60, 5]
    assert len(data.order(data.dataset("train"))) == 20
    found = rows(data.loader(data.dataset("train", train=True)))
    draws = [(number, draw) for number, _, draw in found]
    assert sorted(number for number, _ in draws) == sorted([*range(20)] * 3)
    assert len({draw for _, draw in draws}) == 60  # of its own for each turn
    data.repeats = 1
    once = rows(data.loader(data.dataset("train", train=True)))
    assert {(number, draw) for number, _, draw in once} < set(draws)


def test_an_unreadable_file_ends_a_reading_without_crops_too_if_told(root: Path) -> None:
    (root / "val/ant/020.txt").write_text("ten")
    samples = open_data(root=str(root)).find().splits["val"]
    for on_error in ("skip", "raise"):
        data = open_data(root=str(root), on_error=on_error)
        for dataset in (data.uncropped(samples, ()), data.dataset("val")):
            if on_error == "raise":
                with pytest.raises(BadFile, match=r"020\.txt: is not a number"):
                    list(data.loader(dataset))
            else:
                assert len(rows(data.loader(dataset))) == 4
