"""vggx.cost.counter against torch's counter, fvcore, the ledger and sums by hand."""

import logging
import warnings

import pytest
import torch
from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from vggx.cost.counter import count
from vggx.cost.ledger import ledger, total
from vggx.net import VGG

SPACES = [
    {"input_shape": (3, 64, 72), "plan": "B", "norm": "batch", "width": 0.25},
    {
        "input_shape": (3, 18, 33, 40),
        "plan": "D",
        "pools": [(1, 2, 2), 2, 2, 2, 2],
        "padding": "replicate",
        "width": 0.1,
    },
    {"input_shape": (40, 101), "plan": "E", "head": "pooled", "activation": "leaky_relu"},
    {"input_shape": (3, 40, 40), "plan": "A-LRN", "width": 0.2, "grid": (3, 3)},
]


def on_meta(*shape: int) -> torch.Tensor:
    return torch.empty(1, *shape, device="meta")


@pytest.mark.parametrize("arguments", SPACES, ids=lambda arguments: arguments["plan"])
def test_our_nets_are_counted_as_the_ledger_counts_them(arguments: dict) -> None:
    with torch.device("meta"):
        net = VGG(outputs=7, **arguments)
    found, wanted = count(net, on_meta(*arguments["input_shape"])), total(ledger(outputs=7, **arguments))
    for name in ("params", "flops", "flops_train", "activations"):
        assert getattr(found, name) == wanted[name], name


@pytest.mark.parametrize("name", ["vgg11_bn", "resnet18", "densenet121"])
def test_ungrouped_nets_train_at_what_torch_counts(name: str) -> None:
    with torch.device("meta"):
        net = models.get_model(name, weights=None).eval()
    with FlopCounterMode(display=False) as counter:
        net(on_meta(3, 64, 64)).sum().backward()
    assert count(net, on_meta(3, 64, 64)).flops_train == counter.get_total_flops()


def test_grouped_convolutions_cost_each_gradient_what_forward_does() -> None:
    with torch.device("meta"):
        net = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.Conv2d(8, 16, 3, padding=1, groups=8))
    first, second = 2 * 36 * 9 * 2 * 8, 2 * 36 * 9 * 1 * 16
    found = count(net, on_meta(8, 6, 6))
    assert found.flops == first + second
    assert found.flops_train == 2 * first + 3 * second
    with FlopCounterMode(display=False) as counter:
        net(on_meta(8, 6, 6)).sum().backward()
    assert counter.get_total_flops() > found.flops_train  # torch takes a group's weight gradient for a full one


def test_attention_and_recurrent_layers_count() -> None:
    width, steps = 16, 10
    with torch.device("meta"):
        attention = nn.TransformerEncoderLayer(width, 4, 32, batch_first=True)
        recurrent = nn.LSTM(width, 8, batch_first=True)
    projections, products, forward = 4 * steps * width**2, 2 * steps**2 * width, 2 * steps * width * 32
    assert count(attention, on_meta(steps, width)).flops == 2 * (projections + products + forward)
    assert count(recurrent, on_meta(steps, width)).flops == 2 * steps * 4 * 8 * (width + 8)


@pytest.mark.parametrize("name", ["vgg11", "resnet18", "mobilenet_v2"])
def test_fvcore_agrees_on_convolutions_linear_layers_and_activations(name: str) -> None:
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    net, x = models.get_model(name, weights=None).eval(), torch.zeros(1, 3, 64, 64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        macs = FlopCountAnalysis(net, x).by_operator()
        activations = ActivationCountAnalysis(net, x).total()
    with torch.device("meta"):
        found = count(models.get_model(name, weights=None), on_meta(3, 64, 64))
    assert found.flops == 2 * (macs["conv"] + macs["linear"])
    assert found.activations == activations


def test_auxiliary_heads_are_trained_and_not_run_in_evaluation() -> None:
    with torch.device("meta"):
        bare, whole = (models.googlenet(aux_logits=aux, init_weights=False) for aux in (False, True))
    x = on_meta(3, 224, 224)
    assert count(bare, x).flops == count(whole, x).flops
    assert count(bare, x).flops_train < count(whole, x).flops_train


class WritesIntoItsList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4, bias=False)

    def forward(self, pathways: list[torch.Tensor]) -> torch.Tensor:
        pathways[0] = self.fc(pathways[0])
        return pathways[0].flatten(1) @ pathways[0].flatten(1).T


def test_nets_and_inputs_stay_as_they_were() -> None:
    with torch.device("meta"):
        net = WritesIntoItsList()
    net.fc.eval()
    given = [on_meta(3, 4)]
    found = count(net, given)
    assert given[0].shape == (1, 3, 4)
    assert (net.training, net.fc.training) == (True, False)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert found.flops == 2 * (3 * 4 * 4 + 12)


def test_a_frozen_net_has_no_backward_pass() -> None:
    with torch.device("meta"):
        net = nn.Linear(3, 5).requires_grad_(False)
    found = count(net, on_meta(3))
    assert found.flops_train == found.flops == 2 * 15


def test_a_tensor_with_data_is_refused() -> None:
    with pytest.raises(ValueError, match="counted on the meta device, and a tensor of Linear is on cpu"):
        count(nn.Linear(2, 2), on_meta(2))


@pytest.mark.parametrize("arguments", SPACES[:2], ids=lambda arguments: arguments["plan"])
def test_what_our_nets_move_is_what_the_ledger_has(arguments: dict) -> None:
    """Of nets without replicated padding or norms, whose layers are what is counted."""
    plain = arguments | {"norm": "none", "padding": "zeros"}
    with torch.device("meta"):
        net = VGG(outputs=7, **plain)
    costs = ledger(outputs=7, **plain)
    wanted = sum(cost.read + cost.written + cost.params for cost in costs)
    assert count(net, on_meta(*plain["input_shape"])).moved == wanted
