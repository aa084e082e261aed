"""Published state dicts -> this project's names; a classifier matrix becomes the kernel it stands for."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vggx.heads import ConvClassifier
from vggx.net import VGG

NORM_KEYS = ("weight", "bias", "running_mean", "running_var")


def from_torchvision(state: Mapping[str, Tensor], net: VGG) -> dict[str, Tensor]:
    """torchvision's `vgg*` or `vgg*_bn` state dict -> one for `net`, a dims 2 net of the same plan with head "fc".

    torchvision counts every layer of `features`, activations and pools too; walking both nets in order pairs them.
    Its first linear layer reads a flattened (C, 7, 7) map, which is fc6's kernel.

    Raises:
        ValueError: the state dict is of another plan, norm or number of classes.
    """
    if net.dims != 2 or not isinstance(net.head, ConvClassifier):
        raise ValueError(
            "torchvision's weights fit a net of dims 2 with the head fc; inflate or collapse it afterwards"
        )
    target = net.state_dict()
    if any(key.endswith("running_mean") for key in state) and not any(key.endswith("running_mean") for key in target):
        raise ValueError("the state dict is of a net with batch norm, this net has norm none")
    found = iter(sorted({int(key.split(".")[1]) for key in state if key.startswith("features.")}))
    mapped: dict[str, Tensor] = {}
    for name, module in net.named_modules():
        keys: tuple[str, ...] = ()
        if isinstance(module, nn.Conv2d) and name.startswith("backbone."):
            keys = ("weight", "bias")
        elif isinstance(module, nn.BatchNorm2d):
            keys = NORM_KEYS
        if keys:
            index = next(found, None)
            if index is None:
                raise ValueError(
                    f"the state dict ends before {name}: it is of a plan with fewer layers, or without norm"
                )
            for key in keys:
                take(mapped, f"{name}.{key}", state, f"features.{index}.{key}")
        if keys == NORM_KEYS:  # torchvision's own files are older than this count, which is 0 then
            count = "num_batches_tracked"
            mapped[f"{name}.{count}"] = state.get(f"features.{index}.{count}", torch.tensor(0))
    for ours, theirs in {"fc6": 0, "fc7": 3, "fc8": 6}.items():
        take(mapped, f"head.{ours}.weight", state, f"classifier.{theirs}.weight")
        take(mapped, f"head.{ours}.bias", state, f"classifier.{theirs}.bias")
    left = next(found, None)
    if left is not None:
        raise ValueError(f"the state dict goes on after plan {net.plan.name}'s last layer, with features.{left}")
    for name, value in mapped.items():
        if value.numel() != target[name].numel():
            raise ValueError(f"{name} is {tuple(target[name].shape)}, the state dict has {tuple(value.shape)} for it")
        mapped[name] = value.reshape(target[name].shape)
    return mapped


def take(mapped: dict[str, Tensor], name: str, state: Mapping[str, Tensor], key: str) -> None:
    if key not in state:
        raise ValueError(f"the state dict has no {key}, which would be {name}: it is of another plan or norm")
    mapped[name] = state[key]
