"""vggx.inference.loop: outputs averaged by file, unreadable files, device and precision, on nets known by heart."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader

from vggx.data.batch import Batch, collate, gather
from vggx.data.dataset import MediaDataset
from vggx.data.listing import BadFile, Sample
from vggx.data.skipped import SkippedFiles
from vggx.inference.loop import FileOutputs, NetOnDevice, Outputs, Step, infer, one_by_one

FILES = [Sample("a"), Sample("b"), Sample("c")]
VIEWS = [1, 3, 2]


def load(sample: Sample, view: int, views: int) -> tuple[Tensor, int]:
    """[number of the file, view, 1]"""
    return torch.tensor([float("abc".index(sample.path)), float(view), 1.0]), 0


def without_b(sample: Sample, view: int, views: int) -> tuple[Tensor, int]:
    if sample.path == "b":
        raise BadFile("b: is empty (0 bytes)")
    return load(sample, view, views)


def batches(load: Callable[..., Any] = load, size: int = 2, **options: Any) -> Sequence[Batch]:
    """Of the three files; those of the second lie in two batches or more."""
    loader: Any = DataLoader(MediaDataset(FILES, load, views=VIEWS, **options), size, collate_fn=collate)
    return list(loader)


def placed(net: nn.Module | None = None, precision: Any = None) -> NetOnDevice:
    made: Any = NetOnDevice
    return made(net or nn.Identity(), Fabric(accelerator="cpu", devices=1, precision=precision))


def doubled(batch: Batch) -> Iterator[Outputs]:
    yield batch.file.tolist(), 2 * batch.input[:, None]


def averaged(
    steps: Sequence[Step], skipped: SkippedFiles | None = None, net: NetOnDevice | None = None, **options: Any
) -> FileOutputs:
    return infer(net or placed(), steps, skipped or SkippedFiles("test", len(FILES)), "files", **options)


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_outputs_are_averaged_over_the_views_of_each_file(size: int) -> None:
    """Files with different numbers of views, in batches that part them, in any order."""
    for given in (batches(size=size), batches(size=size)[::-1]):
        found = averaged([Step(given, doubled)], keep_views=True)
        assert {file: mean.tolist() for file, mean in found.means.items()} == {0: [0, 0, 2], 1: [2, 2, 2], 2: [4, 1, 2]}
        assert (list(found.means), found.counts) == ([0, 1, 2], {0: 1, 1: 3, 2: 2})
        assert sorted(found.views[1].tolist()) == [[2, 0, 2], [2, 2, 2], [2, 4, 2]]
    assert averaged([Step(batches(), doubled)]).views == {}


def test_several_views_of_a_file_may_come_at_once_and_from_several_steps() -> None:
    def both_ways(batch: Batch) -> Iterator[Outputs]:
        for sign in (1, -3):
            yield batch.file.tolist(), torch.stack([sign * batch.input, torch.zeros_like(batch.input)], 1)

    found = averaged([Step(batches(), both_ways), Step(batches(), doubled)])
    assert found.counts == {0: 5, 1: 15, 2: 10}
    assert found.means[2].tolist() == pytest.approx([(2 - 6 + 4) / 5, (0.5 - 1.5 + 1) / 5, 0])


def test_what_is_counted_in_views_is_added_up() -> None:
    found = averaged([Step(batches(), doubled)], tally=lambda file, views: file + int(views[:, 1].sum()))
    assert found.tallies == {0: 0, 1: 3 + 6, 2: 4 + 2}


def test_an_unreadable_file_is_left_out_and_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Its three views lie in three batches, of which one holds nothing else."""
    skipped = SkippedFiles("val", 3)
    found = averaged([Step(batches(without_b), doubled)], skipped)
    assert (list(found.means), found.counts) == ([0, 2], {0: 1, 2: 2})
    assert found.means[2].tolist() == [4, 1, 2]
    assert skipped.found == {"b": "b: is empty (0 bytes)"}
    assert skipped.listed() == [{"split": "val", "path": "b", "reason": "b: is empty (0 bytes)"}]
    assert capsys.readouterr().out == "skipped a val file: b: is empty (0 bytes)\n"


def test_too_many_unreadable_files_end_it() -> None:
    averaged([Step(batches(without_b), doubled)], SkippedFiles("val", 3, limit=0.34))
    with pytest.raises(ValueError, match=r"1 of 3 val files cannot be read, more than modality\.data\.bad_limit=0\.3"):
        averaged([Step(batches(without_b), doubled)], SkippedFiles("val", 3, limit=0.3))


@pytest.mark.parametrize("on_error", ["skip", "raise"])
def test_files_that_are_read_on_their_way_through_the_net_are_skipped_alike(
    on_error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = SkippedFiles("test", 3, on_error=on_error, told=False)

    def read(batch: Batch) -> Iterator[Outputs]:
        with skipped.skipping(batch.input.path):
            yield batch.file.tolist(), without_b(batch.input, 0, 1)[0][None, None]

    step = Step(one_by_one(FILES, [2, 1, 0]), read)
    if on_error == "raise":
        with pytest.raises(BadFile, match="b: is empty"):
            averaged([step], skipped)
    else:
        found = averaged([step], skipped)
        assert {file: mean.tolist() for file, mean in found.means.items()} == {0: [0, 0, 1], 2: [2, 0, 1]}
        assert skipped.found == {"b": "b: is empty (0 bytes)"}
    assert capsys.readouterr().out == ""


def test_where_no_file_can_be_read_there_is_nothing() -> None:
    skipped = SkippedFiles("test", 1)
    nothing = Batch(input=None, bad={"b": "b: is empty (0 bytes)"})
    assert averaged([Step([nothing], doubled)], skipped).means == {}
    assert str(skipped.none_left()) == "none of the 1 test files can be read; the first: b: is empty (0 bytes)"


def test_the_net_works_in_its_precision_and_keeps_nothing_for_gradients() -> None:
    net = nn.Linear(3, 2)
    seen: list[Tensor] = []

    def through(batch: Batch) -> Iterator[Outputs]:
        seen.append(net(batch.input))
        yield batch.file.tolist(), seen[-1][:, None]

    found = averaged([Step(batches(), through)], net=placed(net, "bf16-mixed"))
    assert {x.dtype for x in seen} == {torch.bfloat16}
    assert all(x.is_inference() for x in seen)
    assert {mean.dtype for mean in found.means.values()} == {torch.float32}
    assert net(torch.ones(1, 3)).dtype == torch.float32
    assert net(torch.ones(1, 3)).requires_grad
    averaged([Step(batches(), through)], net=placed(net))
    assert seen[-1].dtype == torch.float32


def test_all_of_a_batch_is_laid_on_the_device() -> None:
    items = [{"input": [torch.ones(2), torch.ones(3)], "target": 0, "file": 0, "view": 0, "bad": {}}]
    batch = gather(items).to(torch.device("meta"))
    assert [x.device.type for x in batch.input[0]] == ["meta", "meta"]
    assert batch.target.device.type == "meta"
    seen: list[str] = []

    def device_of(batch: Batch) -> Iterator[Outputs]:
        seen.append(batch.input.device.type)
        yield [0], torch.zeros(1, 1, 1)

    made: Any = NetOnDevice
    elsewhere = made(nn.Identity(), SimpleNamespace(device=torch.device("meta"), autocast=nullcontext))
    averaged([Step(batches(), device_of)], net=elsewhere)
    assert set(seen) == {"meta"}
