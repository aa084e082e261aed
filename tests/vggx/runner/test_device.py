"""vggx.runner.device: a word to a device, and a net set up there."""

from typing import Any

import pytest
import torch

from tests.vggx.conftest import Make
from vggx.net import PreparedNet
from vggx.options import Modality
from vggx.runner.device import choose_device, set_up


def test_words_are_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match="device=graphics is none of auto, cpu, cuda, cuda:0"):
        choose_device("graphics")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(ValueError, match="device=cuda:1: no CUDA device is available"):
        choose_device("cuda:1")


def kernel(net: PreparedNet) -> torch.Tensor:
    """Of several channels in and out, so that their order shows."""
    return next(weight for weight in net.parameters() if weight.ndim == 4 and min(weight.shape[:2]) > 1)


@pytest.mark.parametrize("where", ["cpu", torch.device("cpu")])
def test_a_net_is_set_up_for_inference(make: Make, where: Any) -> None:
    modality: Modality = make().modality
    net = modality.build(2).train()
    placed = set_up(net, where)
    assert placed.net is net
    assert placed.device == torch.device("cpu")
    assert not net.training
    assert kernel(net).is_contiguous(memory_format=torch.channels_last)
    x = torch.zeros(1, 1, 16, 16)
    with placed.inference():
        assert net(x).dtype == torch.float32
    in_bf16 = set_up(modality.build(2), where, "bf16-mixed", channels_last=False)
    with in_bf16.inference():
        assert in_bf16.net(x).dtype == torch.bfloat16
    assert not kernel(in_bf16.net).is_contiguous(memory_format=torch.channels_last)
