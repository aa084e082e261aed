"""vggx.data.batch: what a batch is made of, where it goes, and how it travels between processes."""

import pickle
from typing import Any

import pytest
import torch
from lightning.pytorch.utilities import move_data_to_device
from torch import Tensor

from vggx.data.batch import IGNORED, Batch, collate, gather, together


def item(x: Any, target: Any, number: int = 0) -> dict[str, Any]:
    return {"input": x, "target": target, "file": number, "view": 0, "bad": {}}


def batch() -> Batch:
    return collate([item(torch.rand(4), 1, 5), item(torch.rand(3), 2, 7), {"input": None, "bad": {"a": "is empty"}}])


def tensors(of: Batch) -> dict[str, Tensor]:
    return {name: value for name, value in vars(of).items() if isinstance(value, Tensor)}


def test_it_travels_whole() -> None:
    made = batch()
    arrived = pickle.loads(pickle.dumps(made))
    assert type(arrived) is Batch
    assert arrived.bad == {"a": "is empty"}
    assert list(tensors(arrived)) == list(tensors(made)) == ["input", "target", "lengths", "file", "view"]
    for name, value in tensors(made).items():
        assert torch.equal(tensors(arrived)[name], value)
        assert tensors(arrived)[name].dtype == value.dtype


@pytest.mark.parametrize("move", [lambda made, to: made.to(to), move_data_to_device], ids=["by itself", "Lightning"])
def test_it_goes_to_a_device_with_all_its_tensors(move: Any) -> None:
    made = batch()
    there = move(made, torch.device("meta"))
    assert type(there) is Batch
    assert {value.device.type for value in tensors(there).values()} == {"meta"}
    assert {value.device.type for value in tensors(made).values()} == {"cpu"}
    assert there.bad is made.bad


def test_inputs_of_many_shapes_go_too() -> None:
    made = gather([item(torch.rand(4), 1), item(torch.rand(3, 2), 0)])
    assert [x.device.type for x in made.to("meta").input] == ["meta", "meta"]
    assert len(made) == 2
    assert len(Batch(bad={"a": "is empty"}).to("meta")) == 0


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([3, 1], torch.tensor([3, 1])),
        ([torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])], torch.tensor([[1.0, 0.0], [0.0, 1.0]])),
        ([torch.tensor([1, 2, 3]), torch.tensor([4])], torch.tensor([[1, 2, 3], [4, IGNORED, IGNORED]])),
        ([torch.ones(2, 2), torch.zeros(2, 2)], torch.stack([torch.ones(2, 2), torch.zeros(2, 2)])),
    ],
)
def test_targets_of_all_kinds_stand_together(targets: list[Any], expected: Tensor) -> None:
    found = together(targets)
    assert torch.equal(found, expected)
    assert found.dtype == expected.dtype


def test_new_files_have_no_targets() -> None:
    assert collate([item(torch.rand(2), None), item(torch.rand(2), None)]).target is None
