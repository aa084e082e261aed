"""settings, a peer's name -> what is timed: how it is built and fed, and what one sample costs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.optim import SGD, Optimizer

from vggx import recipes
from vggx.cost import roofline
from vggx.cost.counter import count
from vggx.cost.ledger import Cost, ledger_of, total
from vggx.cost.memory import value_bytes
from vggx.cost.peers import Peer
from vggx.cost.peers.peer import on_meta
from vggx.cost.speed.steps import Setting, Subject
from vggx.options import Device, Modality, Settings

PEER_SETTING = Setting()  # how the scripts of torchvision, timm and pytorchvideo run where nothing else is said


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A net in a comparison.

    Attributes:
        subject: the net.
        flops: of a sample, by mode.
        maps, weights: values that the forward pass moves, for each sample and once.
        settings: that it runs in.
        costs: of its layers; None of a peer.
    """

    subject: Subject
    flops: Mapping[str, int]
    maps: int
    weights: int
    settings: Sequence[Setting]
    costs: Sequence[Cost] | None = None

    def intensity(self, batch: int, precision: str) -> float:
        """FLOPs a byte of a forward pass over the batch."""
        return self.flops["infer"] * batch / ((self.maps * batch + self.weights) * value_bytes(precision))

    def least_seconds(self, mode: str, batch: int, precision: str, limit: Device) -> float | None:
        """Of a step, by the roofline; None of a peer."""
        if self.costs is None:
            return None
        found = roofline.limit(self.costs, limit, batch, value_bytes(precision))
        return found.train_seconds if mode == "train" else found.infer_seconds


def ours(net: Settings, classes: int, settings: Sequence[Setting]) -> Entrant:
    """The VGG of a modality, without its front-end, trained by its recipe."""
    modality, costs = net.modality, ledger_of(net.modality, classes)
    sums = total(costs)
    subject = Subject(
        name=f"vggx {modality.net.plan}" + (", batch norm" if modality.net.norm == "batch" else ""),
        dims=modality.net.DIMS,
        shape=eaten_shape(modality),
        build=lambda: modality.build(classes).vgg,
        optimizer=partial(recipes.optimizer, recipe=net.recipe),
    )
    return Entrant(
        subject=subject,
        flops={"infer": sums["flops"], "train": sums["flops_train"]},
        maps=sum(cost.read + cost.written for cost in costs),
        weights=sums["params"],
        settings=settings,
        costs=costs,
    )


def eaten_shape(modality: Modality) -> tuple[int, ...]:
    """What the VGG takes of one sample: (C, *S), or (F', T) where bands are folded into the batch."""
    channels, *size = modality.spec(1).input_shape
    rows = modality.net.rows()
    return (rows if rows > 1 else channels, *size)


def beside(peers: Sequence[Peer], net: Settings) -> list[Peer]:
    """The peers of as many axes as a net; beside one of sound those of images, which take its spectrogram as one."""
    dims = max(2, net.modality.net.DIMS)
    return [peer for peer in peers if len(peer.input_shape) - 1 == dims]


def theirs(peer: Peer, net: Settings, settings: Sequence[Setting]) -> Entrant:
    """A peer at the size that it is published with, or on the spectrogram; in its library's way and our precisions."""
    shape, build = peer.input_shape, peer.build
    if net.modality.net.DIMS == 1:
        shape, build = (1, *eaten_shape(net.modality)), partial(of_one_channel, peer.build)
    counted = count(on_meta(build), peer.pathways(torch.empty(1, *shape, device="meta")))
    subject = Subject(
        name=peer.name, dims=len(shape) - 1, shape=shape, build=build, optimizer=plain_sgd, pathways=peer.pathways
    )
    return Entrant(
        subject=subject,
        flops={"infer": counted.flops, "train": counted.flops_train},
        maps=counted.moved - counted.params,
        weights=counted.params,
        settings=list(dict.fromkeys([PEER_SETTING, *(Setting(setting.precision) for setting in settings)])),
    )


def plain_sgd(net: nn.Module) -> Optimizer:
    """As the scripts of torchvision, timm and pytorchvideo train: one pass over the weights for every term."""
    return SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)


def of_one_channel(build: Callable[[], nn.Module]) -> nn.Module:
    """The net with a first convolution that takes one channel."""
    net = build()
    name, first = next((name, module) for name, module in net.named_modules() if isinstance(module, nn.Conv2d))
    parent, _, own = name.rpartition(".")
    same = {key: getattr(first, key) for key in ("kernel_size", "stride", "padding", "dilation")}
    setattr(net.get_submodule(parent), own, nn.Conv2d(1, first.out_channels, **same, bias=first.bias is not None))
    return net
