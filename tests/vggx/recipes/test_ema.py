"""vggx.recipes.ema: the average worked out by hand, and what is in the net's place when."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vggx.net import VGG
from vggx.recipes.ema import Ema


def begun(net: nn.Module, decay: float) -> Ema:
    ema = Ema(decay)
    ema.on_train_start(trainer(0), SimpleNamespace(net=net))  # type: ignore[arg-type]
    return ema


def trainer(step: int) -> Any:
    return SimpleNamespace(global_step=step)


def state(net: nn.Module | None) -> dict[str, Tensor]:
    assert net is not None
    return {name: value.clone() for name, value in net.state_dict().items()}


def moved(net: nn.Module) -> dict[str, Tensor]:
    """Another state, of a batch in training mode."""
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter))
        net.train()(torch.randn(4, 1, 8, 8))
    return state(net)


def test_the_average_by_hand() -> None:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 10.0)
    ema = begun(layer, 0.15)
    wanted = 10.0
    for step, value in enumerate((20.0, 0.0, 5.0, -3.0), 1):
        nn.init.constant_(layer.weight, value)
        ema.on_train_batch_end(trainer(step))
        decay = min(0.15, step / (step + 9))  # 0.1, then 0.15
        wanted = decay * wanted + (1 - decay) * value
        assert ema.average.weight.item() == pytest.approx(wanted)  # type: ignore[union-attr, operator]
    assert layer.weight.item() == -3.0


def test_statistics_of_norms_are_averaged_and_their_counts_are_the_nets() -> None:
    torch.manual_seed(0)
    net = VGG((1, 8, 8), 3, plan="micro", norm="batch", head="pooled")
    before, ema = state(net), begun(net, 0.05)
    after = moved(net)
    ema.on_train_batch_end(trainer(1))
    for name, value in state(ema.average).items():
        if name.endswith("num_batches_tracked"):
            assert value == after[name] == 1
        else:
            torch.testing.assert_close(value, 0.05 * before[name] + 0.95 * after[name])
    assert any(name.endswith("running_var") for name in before)


def test_frozen_weights_stay_bit_for_bit() -> None:
    net = VGG((1, 8, 8), 3, plan="micro")
    net.backbone.requires_grad_(False)
    before, ema = state(net.backbone), begun(net, 0.9)
    for step in range(1, 30):
        moved(net)
        ema.on_train_batch_end(trainer(step))
    kept = {name.removeprefix("backbone."): value for name, value in state(ema.average).items()}
    assert all(torch.equal(value, kept[name]) for name, value in before.items())


def test_batches_whose_gradients_are_gathered_are_not_averaged() -> None:
    ema = begun(nn.Linear(1, 1), 0.9)
    for step in (0, 0, 1, 1, 1, 2):
        ema.on_train_batch_end(trainer(step))
    assert ema.updates == 2


def test_the_average_is_in_the_nets_place_while_it_is_validated() -> None:
    net = VGG((1, 8, 8), 3, plan="micro", norm="batch", head="pooled")
    ema = begun(net, 0.5)
    live = moved(net)
    ema.on_train_batch_end(trainer(1))
    average = state(ema.average)
    ema.on_validation_start()
    assert all(torch.equal(value, average[name]) for name, value in state(net).items())
    ema.on_validation_end()
    assert all(torch.equal(value, live[name]) for name, value in state(net).items())
    assert all(torch.equal(value, average[name]) for name, value in state(ema.average).items())


def test_after_training_it_leaves_the_net_alone() -> None:
    net = nn.Linear(1, 1)
    ema = begun(net, 0.5)
    ema.on_train_end()
    before = state(net)
    ema.on_validation_start()
    ema.on_validation_end()
    assert all(torch.equal(value, before[name]) for name, value in state(net).items())
