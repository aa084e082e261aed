"""What is refused or told of the software below; the GPU is a name here, its limits are numbers."""

import pytest
import torch
from torch import Tensor, nn

from vggx.cost.ledger import ledger
from vggx.runner import hazards

GPU, CPU = torch.device("cuda"), torch.device("cpu")
VIDEO = {"pools": [(1, 2, 2), 2, 2, 2, 2]}


@pytest.mark.parametrize(("version", "shown"), [(90800, "9.8"), (91002, "9.10"), (91401, "9.14")])
@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_3d_convolutions_in_16_bits_by_a_wrong_cudnn_are_refused(
    monkeypatch: pytest.MonkeyPatch, version: int, shown: str, precision: str
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: version)
    with pytest.raises(ValueError, match=rf"trainer.precision={precision}: cuDNN {shown} .* cuDNN 9.15 or later"):
        hazards.check_conv3d(3, precision, GPU)
    hazards.check_conv3d(2, precision, GPU)
    hazards.check_conv3d(3, "32-true", GPU)
    hazards.check_conv3d(3, precision, CPU)


@pytest.mark.parametrize("version", [91500, 91900, 92400, None])
def test_a_right_cudnn_is_not(monkeypatch: pytest.MonkeyPatch, version: int | None) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: version)
    hazards.check_conv3d(3, "bf16-mixed", GPU)


@pytest.mark.parametrize(
    ("shape", "more", "greatest"),
    [((3, 224, 224), {}, 668), ((3, 16, 112, 112), VIDEO, 167), ((3, 16, 224, 224), VIDEO, 41)],
)
def test_maps_of_more_than_2_to_the_31_values_are_told(shape: tuple, more: dict, greatest: int) -> None:
    costs = ledger(shape, 1000, plan="D", **more)
    assert hazards.too_large(costs, greatest, GPU) is None
    told = hazards.too_large(costs, greatest + 1, GPU)
    assert told is not None
    assert f"a batch of {greatest + 1} has" in told
    assert "values in conv1_1, more than 2^31: many kernels are tens of times slower there" in told
    assert f"modality.data.batch_size={greatest} stays below" in told
    assert hazards.too_large(costs, greatest + 1, CPU) is None


class NoSuchKernel(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:
        assert torch.are_deterministic_algorithms_enabled()
        raise RuntimeError("max_pool9d_backward_cuda does not have a deterministic implementation, but you set it")


class Pool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return NoSuchKernel.apply(x)


def test_an_operation_without_a_deterministic_kernel_is_named() -> None:
    net = nn.Sequential(nn.Linear(3, 4), Pool(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"trainer.deterministic=true: max_pool9d_backward_cuda does not have") as told:
        hazards.check_deterministic(net, torch.rand(1, 3))
    assert "you set it" not in str(told.value)
    assert net.training
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_net_that_has_them_all_is_left_as_it_was() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    hazards.check_deterministic(net, torch.rand(1, 3, generator=torch.Generator()))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(weight.grad is None for weight in net.parameters())


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        hazards.check_deterministic(nn.Linear(3, 2), torch.rand(1, 4))
