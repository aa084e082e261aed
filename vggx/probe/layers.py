"""net, batches -> how far the values and the gradients of every layer spread, before a step is taken."""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vggx import nd
from vggx.blocks.unit import activation_layer
from vggx.data.batch import Batch
from vggx.net import VGG, PreparedNet


class Spread:
    """The standard deviation of all values that were added, batch by batch."""

    def __init__(self) -> None:
        self.count, self.total, self.squares = 0, 0.0, 0.0

    def add(self, values: Tensor) -> None:
        variance, mean = (found.item() for found in torch.var_mean(values.detach().float(), correction=0))
        self.count += values.numel()
        self.total += values.numel() * mean
        self.squares += values.numel() * (variance + mean * mean)

    def std(self) -> float | None:
        """None where nothing was added."""
        if not self.count:
            return None
        variance = self.squares / self.count - (self.total / self.count) ** 2
        return math.sqrt(max(0.0, variance)) if math.isfinite(variance) else variance


@dataclass
class Layer:
    """A layer with weights, and what was seen of it.

    Attributes:
        name: the paper's: conv1_1, fc6.
        part: block1, block2, ... or head.
        source: what gives the values before the activation: the convolution, or the norm behind it.
        weight: its kernel.
        activation: None behind the last layer.
        before, after: of its values before and after the activation.
        gradient: of the loss, by the values before the activation.
        greatest: (C,) of each unit.
        norms: of the kernel's gradient, of each batch.
    """

    name: str
    part: str
    source: nn.Module
    weight: Tensor
    activation: nn.Module | None = None
    before: Spread = field(default_factory=Spread)
    after: Spread = field(default_factory=Spread)
    gradient: Spread = field(default_factory=Spread)
    greatest: Tensor | None = None
    norms: list[float] = field(default_factory=list)

    def see(self, module: nn.Module, given: tuple[Any, ...], made: Tensor) -> None:
        """A forward hook of `source`; it asks for the gradient of what it sees."""
        values = made.detach()
        self.before.add(values)
        if self.activation is not None:
            self.after.add(self.activation(values))
            greatest = values.amax([axis for axis in range(values.ndim) if axis != 1])
            self.greatest = greatest if self.greatest is None else self.greatest.maximum(greatest)
        if made.requires_grad:
            made.register_hook(self.gradient.add)

    def dead(self) -> float | None:
        """The share of units, that is channels, that are zero everywhere in all samples; None without a ReLU."""
        if self.greatest is None or not isinstance(self.activation, nn.ReLU):
            return None
        return (self.greatest <= 0).float().mean().item()


def layers_of(vgg: VGG) -> list[Layer]:
    """The layers from the first to the one that gives the logits."""
    modules, described = nd.layer_modules(vgg), vgg.spec.layers()
    owned = {layer.name: [each for each in described if each.owner == layer.name] for layer in described}
    found = []
    for layer in described:
        if layer.kind not in ("conv", "linear") or layer.name not in modules:
            continue
        own = owned[layer.name]
        source = modules[next((each.name for each in own if each.kind == "norm"), layer.name)]
        activation = next((activation_layer(each.mode) for each in own if each.kind == "act"), None)
        found.append(Layer(layer.name, layer.part, source, modules[layer.name].weight, activation))
    return found


@contextmanager
def untouched(net: nn.Module) -> Iterator[None]:
    """Afterwards the modes and the statistics of the norms are what they were, and no gradients are left."""
    modes = {module: module.training for module in net.modules()}
    kept = {name: buffer.clone() for name, buffer in net.named_buffers()}
    try:
        yield
    finally:
        net.zero_grad(set_to_none=True)
        for name, buffer in net.named_buffers():
            buffer.copy_(kept[name])
        for module, mode in modes.items():
            module.training = mode


@dataclass(frozen=True)
class Seen:
    """What was seen of a net.

    Attributes:
        loss: mean over the batches.
        logits_std: of all logits of all samples.
    """

    layers: list[Layer]
    loss: float
    logits_std: float
    samples: int


def seen(
    net: PreparedNet,
    batches: Iterable[Batch],
    *,
    frozen: Sequence[nn.Module] = (),
    smoothing: float = 0.0,
    eaten: bool = False,
) -> Seen:
    """Forward and backward as in training, once for each batch; the net stays as it is.

    What pads shorter clips counts as the zeros that it is, but behind a norm, where it does not count.

    Args:
        batches: on the net's device, their targets classes.
        frozen: blocks that are in evaluation mode.
        smoothing: of the labels.
        eaten: whether the inputs are what the VGG eats, normalised maps (N, C, *S), and not yet what a loader gives.

    Raises:
        ValueError: no batches.
    """
    layers, spread, losses, samples = layers_of(net.vgg), Spread(), list[float](), 0
    hooks = [layer.source.register_forward_hook(layer.see) for layer in layers]
    try:
        with untouched(net):
            net.train()
            for block in frozen:
                block.eval()
            for batch in batches:
                logits = (net.vgg if eaten else net)(batch.input, batch.lengths)
                loss = F.cross_entropy(logits, batch.target, label_smoothing=smoothing)
                net.zero_grad(set_to_none=True)
                loss.backward()
                spread.add(logits)
                losses.append(loss.item())
                samples += len(logits)
                for layer in layers:
                    if layer.weight.grad is not None:
                        layer.norms.append(norm(layer.weight.grad))
    finally:
        for hook in hooks:
            hook.remove()
    logits_std = spread.std()
    if logits_std is None:
        raise ValueError("there is no training batch to look at")
    return Seen(layers, fmean(losses), logits_std, samples)


def norm(values: Tensor) -> float:
    """In float64: the squares of what float32 can hold may be more than it can."""
    return torch.linalg.vector_norm(values.detach(), dtype=torch.float64).item()
