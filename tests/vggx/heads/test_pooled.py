"""vggx.heads.pooled: a global average and one matrix."""

import pytest
import torch

from vggx.heads.pooled import PooledClassifier
from vggx.net import VGG

SIZES = {1: (9,), 2: (3, 4), 3: (2, 3, 4)}


def test_value_by_hand() -> None:
    head = PooledClassifier(2, 2).eval()
    with torch.no_grad():
        head.fc.weight[:] = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
        head.fc.bias[:] = torch.tensor([0.5, 0.0])
    # means 2 and 3: 1 * 2 + 2 * 3 + 0.5 and -3
    assert head([torch.tensor([[[1.0, 3.0], [2.0, 4.0]]])]).tolist() == [[8.5, -3.0]]


@pytest.mark.parametrize("dims", SIZES)
def test_the_matrix_of_the_means_at_any_size(dims: int) -> None:
    head = PooledClassifier(5, 3).eval()
    for size in (SIZES[dims], (1,) * dims):
        x = torch.randn(2, 5, *size)
        means = x.mean(tuple(range(2, dims + 2)))
        torch.testing.assert_close(head([x]), means @ head.fc.weight.T + head.fc.bias)


def test_the_linear_layer_makes_the_answer_of_the_penultimate() -> None:
    head, x = PooledClassifier(2, 3).eval(), torch.tensor([[[1.0, 3.0, 9.0], [2.0, 4.0, 9.0]]])
    valid = torch.tensor([[True, True, False]])
    assert head.penultimate([x], valid).tolist() == [[2.0, 3.0]]
    assert torch.equal(head.fc(head.penultimate([x], valid)), head([x], valid))


def test_only_the_last_map_counts() -> None:
    head = PooledClassifier(5, 3).eval()
    maps = [torch.randn(1, 2, 9), torch.randn(1, 5, 4)]
    assert torch.equal(head(maps), head(maps[1:]))


def test_dropout_takes_channels_in_training_only() -> None:
    head = PooledClassifier(5, 3, dropout=1.0)
    x = [torch.randn(2, 5, 4)]
    assert torch.equal(head.train()(x), head.fc.bias.expand(2, 3))
    assert not torch.equal(head.eval()(x), head.fc.bias.expand(2, 3))


def test_of_plan_takes_the_last_blocks_width() -> None:
    head = VGG((3, 64, 64), 10, plan="micro", head="pooled", dropout=0.2).head
    assert {name: tuple(parameter.shape) for name, parameter in head.named_parameters()} == {
        "fc.weight": (10, 64),
        "fc.bias": (10,),
    }
    assert head.dropout.p == 0.2


def test_the_gradient_is_shared_evenly_by_the_positions() -> None:
    head = PooledClassifier(2, 1).eval()
    x = torch.randn(1, 2, 4, 5, requires_grad=True)
    head([x]).sum().backward()
    torch.testing.assert_close(x.grad, (head.fc.weight / 20)[..., None, None].expand(1, 2, 4, 5))
