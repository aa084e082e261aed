"""A step that is timed: it trains as its optimiser does, infers without gradients, and in the precision asked for."""

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from vggx.cost.speed.steps import MODES, Setting, Step, Subject
from vggx.net import VGG

CPU = torch.device("cpu")


class Watched(nn.Module):
    """A net that remembers itself, and what it was called with."""

    made: "Watched"

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = VGG((3, 8, 8), 4, plan="micro", head="pooled", dropout=0.0)
        self.seen: list[tuple[Tensor, bool, bool]] = []
        Watched.made = self

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append((x, self.training, torch.is_grad_enabled()))
        return self.net(x)


def subject(**more: object) -> Subject:
    given = {"name": "net", "dims": 2, "shape": (3, 8, 8), "build": Watched, "optimizer": sgd} | more
    return Subject(**given)


def sgd(net: nn.Module) -> SGD:
    return SGD(net.parameters(), lr=0.1)


def test_a_step_of_training_is_the_optimisers() -> None:
    step = Step(subject(), Setting(), "train", 5, CPU)
    net = Watched.made
    x = net.seen[-1][0]
    assert x.shape == (5, 3, 8, 8)
    assert net.seen[-1][1:] == (True, True)
    before = [weight.detach().clone() for weight in net.parameters()]
    loss = nn.functional.cross_entropy(net.net(x), torch.zeros(5, dtype=torch.int64))
    grads = torch.autograd.grad(loss, list(net.parameters()))
    step()
    for weight, was, grad in zip(net.parameters(), before, grads, strict=True):
        torch.testing.assert_close(weight.detach(), was - 0.1 * grad)


def test_to_infer_keeps_no_gradients_and_changes_nothing() -> None:
    step = Step(subject(), Setting(), "infer", 2, CPU)
    before = {name: value.clone() for name, value in Watched.made.state_dict().items()}
    step()
    assert Watched.made.seen[-1][1:] == (False, False)
    assert all(torch.equal(value, before[name]) for name, value in Watched.made.state_dict().items())
    assert step.peak is None  # a CPU's allocator keeps no count


def test_the_order_of_axes_is_the_settings() -> None:
    Step(subject(), Setting(channels_last=True), "infer", 2, CPU)
    assert Watched.made.seen[-1][0].is_contiguous(memory_format=torch.channels_last)
    assert Watched.made.net.backbone.block1.conv1_1.conv.weight.is_contiguous(memory_format=torch.channels_last)
    Step(subject(), Setting(), "infer", 2, CPU)
    assert Watched.made.seen[-1][0].is_contiguous()


def test_to_infer_in_16_bits_the_weights_are_cast_once_and_to_train_not() -> None:
    Step(subject(), Setting("bf16-mixed"), "infer", 2, CPU)
    assert Watched.made.net.head.fc.weight.dtype == torch.bfloat16
    Step(subject(), Setting("bf16-mixed"), "train", 2, CPU)
    assert Watched.made.net.head.fc.weight.dtype == torch.float32


def test_what_a_net_is_called_with_may_be_made_of_the_batch() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 2)

        def forward(self, pair: list[Tensor]) -> Tensor:
            return self.fc(pair[0]) + self.fc(pair[1])

    two = subject(build=Two, shape=(3,), dims=0, pathways=lambda x: [x, 2 * x])
    Step(two, Setting(), "train", 2, CPU)()


@pytest.mark.parametrize(
    ("mode", "setting", "message"),
    [
        ("evaluate", Setting(), "mode must be one of train, infer, not 'evaluate'"),
        ("infer", Setting("fp8"), "precision must be one of 32-true"),
        ("infer", Setting(cuda_graphs=True), "cuda_graphs=true needs a CUDA device"),
    ],
)
def test_what_cannot_be_done_is_named(mode: str, setting: Setting, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Step(subject(), setting, mode, 1, CPU)


def test_settings_in_words() -> None:
    assert Setting().words() == "32-true"
    assert Setting("bf16-mixed", channels_last=True, compile=True).words() == "bf16-mixed, channels_last, compile"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("mode", MODES)
def test_a_recorded_step_runs_on_the_gpu(mode: str) -> None:
    step = Step(subject(), Setting("bf16-mixed", channels_last=True, cuda_graphs=True), mode, 4, torch.device("cuda"))
    before = Watched.made.net.head.fc.weight.detach().clone()
    step()
    torch.cuda.synchronize()
    assert torch.equal(before, Watched.made.net.head.fc.weight) == (mode == "infer")
    assert step.peak is not None
    assert step.peak > 0
