"""vggx.data.dataset: what an item is hangs on (seed, epoch, index) alone, and a bad file is named, never fatal."""

import copy
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from vggx.data.batch import Batch, collate
from vggx.data.dataset import MediaDataset
from vggx.data.listing import BadFile, Sample
from vggx.data.sampler import EpochSampler


@dataclass(frozen=True)
class ReadNumber:
    """A file of one number -> (number, view, a draw of torch's, one of random's)."""

    draws: bool = True

    def __call__(self, sample: Sample, view: int, views: int) -> tuple[Tensor, Any]:
        try:
            number = float(Path(sample.path).read_text())
        except ValueError as error:
            raise BadFile(f"{sample.path}: is not a number") from error
        drawn = [torch.rand(()).item(), random.random()] if self.draws else [0.0, 0.0]
        return torch.tensor([number, view, *drawn], dtype=torch.float64), sample.target


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Ten files; file n holds n and has label n % 3."""
    paths = [tmp_path / f"{number}.txt" for number in range(10)]
    for number, path in enumerate(paths):
        path.write_text(str(number))
    return [Sample(str(path), number % 3) for number, path in enumerate(paths)]


def spoil(samples: Sequence[Sample], *numbers: int) -> None:
    for number in numbers:
        Path(samples[number].path).write_text("not a number")


def training(samples: Sequence[Sample], **options: Any) -> MediaDataset:
    return MediaDataset(samples, ReadNumber(), train=True, **options)


def evaluation(samples: Sequence[Sample], **options: Any) -> MediaDataset:
    return MediaDataset(samples, ReadNumber(draws=False), **options)


def batches(dataset: MediaDataset, epoch: int = 0, *, workers: int = 0, shuffle: bool = True) -> Iterator[Batch]:
    order = EpochSampler(len(dataset), seed=5, shuffle=shuffle)
    order.set_epoch(epoch)
    return iter(DataLoader(dataset, batch_size=3, sampler=order, num_workers=workers, collate_fn=collate))


def refusal(loader: Iterator[Any]) -> Exception | None:
    """What reading it raises, without its traceback, which would hold on to the loader's workers."""
    try:
        list(loader)
    except ValueError as error:
        return error.with_traceback(None)
    return None


def by_number(dataset: MediaDataset, epoch: int = 0, **options: Any) -> dict[int, Tensor]:
    rows = torch.cat([batch.input for batch in batches(dataset, epoch, **options)])
    return {int(row[0]): row for row in rows}


# draws


def test_items_are_the_same_in_0_and_2_workers_and_in_any_order(samples: list[Sample]) -> None:
    one = by_number(training(samples, seed=1))
    assert len(one) == 10
    for other in (
        by_number(training(samples, seed=1), workers=2),
        by_number(training(samples, seed=1), shuffle=False),
        by_number(training(samples, seed=1), workers=2, shuffle=False),
    ):
        assert other.keys() == one.keys()
        assert all(torch.equal(other[number], row) for number, row in one.items())


def test_every_item_epoch_and_seed_has_its_own_draws(samples: list[Sample]) -> None:
    drawn = [
        row[2:]
        for seed in (0, 1, 2)
        for epoch in (0, 1, 2)
        for row in by_number(training(samples, seed=seed), epoch).values()
    ]
    for column in torch.stack(drawn).T:  # of torch and of random
        assert len(column.unique()) == 90


def test_an_item_does_not_hang_on_what_was_drawn_before(samples: list[Sample]) -> None:
    dataset = training(samples, seed=3)
    first = dataset[(2, 7)]["input"]
    torch.manual_seed(99)
    random.seed(99)
    for index in (1, 7, 4):
        dataset[(0, index)]
    assert torch.equal(dataset[(2, 7)]["input"], first)
    assert not torch.equal(dataset[(3, 7)]["input"], first)


def test_loading_moves_no_random_state_outside(samples: list[Sample]) -> None:
    torch.manual_seed(0)
    random.seed(0)
    undisturbed = torch.rand(()), random.random()
    torch.manual_seed(0)
    random.seed(0)
    training(samples)[(0, 0)]
    assert (torch.rand(()), random.random()) == undisturbed


def test_a_batch_moves_no_random_state_outside_also_where_it_ends_in_an_error(samples: list[Sample]) -> None:
    spoil(samples, 7)
    torch.manual_seed(0)
    random.seed(0)
    undisturbed = torch.rand(()), random.random()
    for options in ({}, {"on_error": "raise"}):
        torch.manual_seed(0)
        random.seed(0)
        with suppress(BadFile):
            training(samples, **options).__getitems__([(0, 4), (0, 7), (0, 9)])
        assert (torch.rand(()), random.random()) == undisturbed


def test_items_of_a_batch_are_those_that_are_asked_for_one_by_one(samples: list[Sample]) -> None:
    spoil(samples, 7)
    keys = [(1, 4), (1, 7), (0, 4), (1, 4)]
    dataset = training(samples, seed=2)
    together = dataset.__getitems__(keys)
    for key, item in zip(keys, together, strict=True):
        alone = dataset[key]
        assert torch.equal(item.pop("input"), alone.pop("input"))
        assert item == alone


# items and batches


def test_an_item_names_its_file_and_label(samples: list[Sample]) -> None:
    item = evaluation(samples)[(0, 4)]
    assert item["input"].tolist() == [4, 0, 0, 0]
    assert (item["target"], item["file"], item["bad"]) == (1, 4, {})


def test_every_view_of_every_file(samples: list[Sample]) -> None:
    dataset = evaluation(samples, views=3)
    assert len(dataset) == 30
    items = [dataset[index] for index in range(30)]
    found = [(item["file"], item["view"], int(item["input"][1])) for item in items]
    assert found == [(file, view, view) for file in range(10) for view in range(3)]


def test_a_number_of_views_for_each_file(samples: list[Sample]) -> None:
    dataset = evaluation(samples[:3], views=[1, 3, 2])
    assert [dataset[index]["file"] for index in range(len(dataset))] == [0, 1, 1, 1, 2, 2]


def test_a_batch_stacks_inputs_labels_and_files(samples: list[Sample]) -> None:
    batch = collate([evaluation(samples)[index] for index in (2, 5)])
    assert batch.input.shape == (2, 4)
    assert batch.target.tolist() == [2, 2]
    assert batch.file.tolist() == [2, 5]
    assert batch.view.tolist() == [0, 0]
    assert batch.bad == {}


def test_a_batch_is_the_same_where_it_arrives_and_copied(samples: list[Sample]) -> None:
    spoil(samples, 3)
    here, there = (list(batches(training(samples), workers=workers)) for workers in (0, 1))
    for made, arrived in zip(here, there, strict=True):
        for other in (arrived, copy.copy(made)):  # torch copies a batch to pin its memory
            assert vars(made).keys() == vars(other).keys()
            assert (made.bad, made.lengths) == (other.bad, other.lengths)
            for name in ("input", "target", "file", "view"):
                assert torch.equal(getattr(made, name), getattr(other, name))
                assert getattr(made, name).dtype == getattr(other, name).dtype


# bad files


def test_in_training_the_next_readable_file_stands_in(samples: list[Sample]) -> None:
    spoil(samples, 4, 5, 9)
    dataset = training(samples)
    item = dataset[(0, 4)]
    assert (item["input"][0], item["target"], item["file"]) == (6, 0, 6)
    assert sorted(item["bad"]) == [samples[4].path, samples[5].path]
    assert all(path in reason and "is not a number" in reason for path, reason in item["bad"].items())
    wrapped = dataset[(0, 9)]
    assert (wrapped["input"][0], wrapped["file"]) == (0, 0)
    assert list(wrapped["bad"]) == [samples[9].path]


def test_an_epoch_with_bad_files_is_as_long_and_lists_them(samples: list[Sample]) -> None:
    spoil(samples, 0, 7)
    for workers in (0, 2):
        found = list(batches(training(samples), workers=workers))
        assert sum(len(batch.input) for batch in found) == 10
        assert {path for batch in found for path in batch.bad} == {samples[0].path, samples[7].path}


def test_in_evaluation_a_bad_file_is_left_out(samples: list[Sample]) -> None:
    spoil(samples, 0, 4)
    found = list(batches(evaluation(samples), shuffle=False))
    assert [batch.file.tolist() for batch in found] == [[1, 2], [3, 5], [6, 7, 8], [9]]
    assert [list(batch.bad) for batch in found] == [[samples[0].path], [samples[4].path], [], []]


def test_a_batch_of_bad_files_alone_has_no_input(samples: list[Sample]) -> None:
    spoil(samples, 3, 4, 5)
    found = list(batches(evaluation(samples), shuffle=False))
    assert [batch.input is None for batch in found] == [False, True, False, False]
    assert sorted(found[1].bad) == [samples[number].path for number in (3, 4, 5)]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", [training, evaluation])
def test_raise_names_the_file_also_from_a_worker(samples: list[Sample], workers: int, kind: Any) -> None:
    spoil(samples, 6)
    kept = refusal(batches(kind(samples, on_error="raise"), workers=workers))
    assert isinstance(kept, BadFile)
    assert f"{samples[6].path}: is not a number" in str(kept)


@pytest.mark.parametrize("workers", [0, 1])
def test_all_bad_in_training_is_an_error(samples: list[Sample], workers: int) -> None:
    spoil(samples, *range(10))
    kept = refusal(batches(training(samples), workers=workers))
    assert isinstance(kept, ValueError)
    assert f"none of the 10 files can be read; the first: {samples[0].path}: is not a number" in str(kept)


def test_all_bad_in_evaluation_lists_them_all(samples: list[Sample]) -> None:
    spoil(samples, *range(10))
    found = list(batches(evaluation(samples)))
    assert all(batch.input is None for batch in found)
    assert {path for batch in found for path in batch.bad} == {sample.path for sample in samples}


def test_only_bad_files_are_skipped(samples: list[Sample]) -> None:
    def broken(sample: Sample, view: int, views: int) -> Tensor:
        raise RuntimeError("a fault of the program")

    with pytest.raises(RuntimeError, match="a fault of the program"):
        MediaDataset(samples, broken, train=True)[(0, 0)]


def test_an_unknown_on_error_is_refused(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="on_error must be skip or raise, not 'ignore'"):
        training(samples, on_error="ignore")
