"""vggx.probe.layers: against a net worked out by hand, and against hooks on torchvision's VGG with the same weights."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.vgg import VGG as TorchvisionVGG
from torchvision.models.vgg import make_layers

from vggx import tuning
from vggx.data.batch import Batch
from vggx.net import VGG, Normalise, PreparedNet
from vggx.probe.layers import Seen, seen

WIDTHS = [8, "M", 16, "M", 32, 32, "M", 64, 64, "M", 64, 64, "M"]  # of plan A, an eighth as wide


def prepared(vgg: VGG) -> PreparedNet:
    return PreparedNet(vgg, Normalise([0.0] * vgg.in_channels, [1.0] * vgg.in_channels))


def batches(count: int, shape: tuple[int, ...], classes: int) -> list[dict[str, Tensor]]:
    return [Batch(torch.randn(shape), torch.randint(classes, shape[:1])) for _ in range(count)]


def test_a_net_of_two_layers_by_hand() -> None:
    """x = (1, 3); the first unit passes it on, the second turns its sign and is dead; the logits are (3, -3)."""
    vgg = VGG((1, 2), 2, plan="micro:1", width=1 / 8, head="pooled", dropout=0.0)
    with torch.no_grad():
        vgg.backbone.block1.conv1_1.conv.weight.copy_(torch.tensor([[[0.0, 1, 0]], [[0.0, -1, 0]]]))
        vgg.head.fc.weight.copy_(torch.tensor([[1.0, 0], [-1, 0]]))
    found = seen(prepared(vgg), [Batch(torch.tensor([[[1.0, 3.0]]]), torch.tensor([1]))])
    conv, fc = found.layers
    wrong = 1 / (1 + math.exp(-6))  # the probability of the class that it is not
    assert found.loss == pytest.approx(6 + math.log1p(math.exp(-6)))
    assert found.logits_std == fc.before.std() == pytest.approx(3)
    assert (conv.name, conv.part, fc.name, fc.part) == ("conv1_1", "block1", "fc", "head")
    assert conv.before.std() == pytest.approx(math.sqrt(5))  # of 1, 3, -1, -3
    assert conv.after.std() == pytest.approx(math.sqrt(1.5))  # of 1, 3, 0, 0
    assert conv.dead() == 0.5
    assert fc.gradient.std() == pytest.approx(wrong)  # of wrong and -wrong
    assert conv.gradient.std() == pytest.approx(2 * wrong * math.sqrt(3) / 4)  # of 0, 2 wrong, 0, 0
    assert fc.norms == [pytest.approx(wrong * math.sqrt(18))]  # of 3 wrong and -3 wrong
    assert conv.norms == [pytest.approx(2 * wrong * math.sqrt(10))]  # of 2 wrong (1, 3, 0)
    assert (fc.after.std(), fc.dead()) == (None, None)  # behind the logits there is nothing


def torchvision_net(norm: str, classes: int) -> nn.Module:
    """Plan A at an eighth of its width, in torchvision's classes."""
    net = TorchvisionVGG(make_layers(WIDTHS, batch_norm=norm == "batch"), classes, init_weights=False)
    relu = [nn.ReLU(), nn.Dropout(0.0)]
    net.classifier = nn.Sequential(nn.Linear(64 * 49, 512), *relu, nn.Linear(512, 512), *relu, nn.Linear(512, classes))
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False  # or hooks see what is behind it
    return net


def hooked(net: nn.Module, data: list[dict[str, Tensor]]) -> list[dict[str, float]]:
    """What a loop of one's own finds: all values kept, and torch's own statistics of them."""
    layers: list[nn.Module] = [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    sources = [*norms, *layers[8:]] if norms else layers
    values: list[list[Tensor]] = [[] for _ in layers]
    gradients: list[list[Tensor]] = [[] for _ in layers]
    for number, module in enumerate(sources):

        def keep(module: nn.Module, given: Any, made: Tensor, number: int = number) -> None:
            values[number].append(made.detach().clone())
            made.register_hook(gradients[number].append)

        module.register_forward_hook(keep)
    sizes: list[list[float]] = []
    for batch in data:
        net.zero_grad()
        F.cross_entropy(net(batch.input), batch.target).backward()
        sizes.append([layer.weight.grad.norm().item() for layer in layers])  # type: ignore[union-attr, operator]
    found = []
    for seen_values, seen_gradients, norms_of in zip(values, gradients, zip(*sizes, strict=True), strict=True):
        value = torch.cat(seen_values)
        units = value.movedim(1, 0).flatten(1).relu()
        row = {"std": value.std(correction=0), "after": value.relu().std(correction=0)}
        row |= {"gradient": torch.cat(seen_gradients).std(correction=0), "dead": (units.sum(1) == 0).float().mean()}
        found.append({name: number.item() for name, number in row.items()} | {"norm": sum(norms_of) / len(norms_of)})
    return found


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_hooks_on_torchvision_see_the_same(norm: str) -> None:
    torch.manual_seed(0)
    theirs = torchvision_net(norm, 5)
    ours = VGG((3, 32, 32), 5, plan="A", width=1 / 8, norm=norm, grid=(7, 7), dropout=0.0)
    with torch.no_grad():
        for target, source in zip(theirs.parameters(), ours.parameters(), strict=True):
            target.copy_(source.reshape(target.shape))
    data = batches(2, (3, 3, 32, 32), 5)
    found = seen(prepared(ours), data)
    assert [layer.name for layer in found.layers] == [
        *("conv1_1", "conv2_1", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1", "conv5_2", "fc6", "fc7", "fc8")
    ]
    for layer, row in zip(found.layers, hooked(theirs, data), strict=True):
        assert layer.before.std() == pytest.approx(row["std"], rel=1e-4), layer.name
        assert layer.gradient.std() == pytest.approx(row["gradient"], rel=1e-3), layer.name
        assert sum(layer.norms) / 2 == pytest.approx(row["norm"], rel=1e-3), layer.name
        if layer.name != "fc8":
            assert layer.after.std() == pytest.approx(row["after"], rel=1e-4), layer.name
            assert layer.dead() == pytest.approx(row["dead"], abs=1e-6), layer.name


def test_white_noise_grows_by_the_kernels_of_the_first_layer() -> None:
    """Of independent values of variance v a convolution makes values of v times the squares of its kernel, summed."""
    torch.manual_seed(0)
    vgg = VGG((3, 64, 64), 4, plan="micro", dropout=0.0)
    found = seen(prepared(vgg), [Batch(60 * torch.randn(8, 3, 64, 64), torch.zeros(8, dtype=torch.long))])
    kernels = vgg.backbone.block1.conv1_1.conv.weight
    wanted = 60 * kernels.square().sum((1, 2, 3)).mean().sqrt().item()
    assert found.layers[0].before.std() == pytest.approx(wanted, rel=0.03)  # at the borders a third is padding


def look(net: PreparedNet, **how: Any) -> Seen:
    return seen(net, batches(2, (4, 1, 8), 3), **how)


def test_the_net_is_left_as_it_was() -> None:
    net = prepared(VGG((1, 8), 3, plan="micro", norm="batch")).eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    look(net)
    assert not any(module.training for module in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


def test_the_net_is_left_as_it_was_after_an_error_too() -> None:
    net = prepared(VGG((1, 8), 3, plan="micro", norm="batch"))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    good, bad = batches(1, (4, 1, 8), 3)[0], batches(1, (4, 2, 8), 3)[0]
    with pytest.raises(ValueError, match="the net takes"):
        seen(net, [good, bad], eaten=True)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())


def test_frozen_blocks_have_no_gradients_and_keep_their_statistics() -> None:
    torch.manual_seed(0)
    net = prepared(VGG((1, 8), 3, plan="micro", norm="batch"))
    frozen = tuning.freeze(net, 1)
    with torch.no_grad():
        net.vgg.backbone.block1.conv1_1.norm.running_var.fill_(100.0)  # its values are a tenth
    first, second, *_ = look(net, frozen=frozen).layers
    assert (first.norms, first.gradient.std()) == ([], None)
    assert first.before.std() < 0.2
    assert second.before.std() == pytest.approx(1, rel=0.1)
    assert len(second.norms) == 2


def test_padding_does_not_count_behind_a_norm() -> None:
    torch.manual_seed(0)
    net = prepared(VGG((1, 16), 3, plan="micro:1", norm="batch", head="pooled", grid=[1]))
    batch = batches(1, (2, 1, 16), 3)[0]
    valid = torch.arange(16) < torch.tensor([[16], [8]])
    padded = replace(batch, input=batch.input.masked_fill(~valid[:, None], 0), lengths=valid)
    assert seen(net, [padded], eaten=True).layers[0].before.std() == pytest.approx(1, rel=0.01)


def test_only_a_relu_dies() -> None:
    net = prepared(VGG((1, 8), 3, plan="micro", activation="leaky_relu"))
    assert {layer.dead() for layer in look(net).layers} == {None}


def test_no_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="no training batch to look at"):
        seen(prepared(VGG((1, 8), 3, plan="micro")), [])
