"""Names of a published state dict -> the paper's: conv1_1.weight, conv1_1.norm.running_mean, fc6.bias.

torchvision  features.0.weight ... classifier.0.weight; it numbers activations and pools too
timm         the same convolutions; pre_logits.fc1, pre_logits.fc2, head.fc
caffe        conv1_1 ... fc6, or Keras's block1_conv1 ... fc1, predictions; any ending
vggx         backbone.block1.conv1_1.conv.weight ... head.fc6.weight
"""

import re
from collections.abc import Mapping

from torch import Tensor

from vggx.plans import Plan

# by the paper's name: the name in the source, and the tensor
Named = dict[str, tuple[str, Tensor]]

OURS = re.compile(r"(?:^|\.)(?:backbone\.(block\d+)|(head))\.(?:(conv\d+_\d+)\.(?:conv\.)?)?(.+)$")
NUMBERED = re.compile(r"(?:^|\.)features\.(\d+)\.(.+)$")
CLASSIFIER = re.compile(r"(?:^|\.)(classifier\.[036]|pre_logits\.fc[12]|head\.fc)\.(\w+)$")
CAFFE = re.compile(r"(?:^|[/.])(?:conv(\d)_(\d)|block(\d)_conv(\d)|(fc[678]|fc[12]|predictions))(?![0-9a-zA-Z])")
FC = {
    **{"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "fc8"},
    **{"pre_logits.fc1": "fc6", "pre_logits.fc2": "fc7", "head.fc": "fc8"},
    **{"fc1": "fc6", "fc2": "fc7", "predictions": "fc8"},
}


def layout_of(state: Mapping[str, Tensor]) -> str:
    """
    Raises:
        ValueError: none of the layouts' names are there.
    """
    if any(OURS.search(key) and "backbone." in key for key in state):
        return "vggx"
    if any(map(NUMBERED.search, state)):
        timm = any(key.endswith("pre_logits.fc1.weight") for key in state)
        return "timm" if timm else "torchvision"
    if any((found := CAFFE.search(key)) and not found[5] for key in state):  # other nets have an fc1 too
        return "caffe"
    some = ", ".join(list(state)[:3])
    raise ValueError(
        f"no layers of a VGG are in it: its names begin with {some}; known are torchvision's and timm's "
        "(features.0.weight), Caffe's (conv1_1), Keras's (block1_conv1) and vggx's own"
    )


def our_name(key: str) -> str | None:
    """backbone.block1.conv1_1.norm.bias -> conv1_1.norm.bias, as `vggx.net.VGG.keys` has it; None outside of a VGG."""
    found = OURS.search(key)
    if found is None:
        return None
    block, head, unit, own = found.groups()
    if unit:
        return f"{unit}.{own}"
    return own if "." in own else f"{block or head}.{own}"


def named(state: Mapping[str, Tensor], layout: str, plan: Plan, norm: str) -> Named | None:
    """The state dict by the paper's names, read as one of a plan and norm; None if it numbers its layers otherwise.

    Raises:
        ValueError: a layer that is there twice.
    """
    numbers = positions(plan, norm)
    found: Named = {}
    for key, value in state.items():
        name = name_of(key, value, layout, numbers)
        if name == "":
            return None
        if name in found:
            raise ValueError(f"{found[name][0]} and {key} are both {name}: give a file with one net")
        if name is not None:
            found[name] = key, value
    return found


def name_of(key: str, value: Tensor, layout: str, numbers: Mapping[int, str]) -> str | None:
    """The paper's name of a tensor; None if it is of no layer, "" if its number is none of these."""
    if layout == "vggx":
        return our_name(key)
    if layout == "caffe":
        caffe = CAFFE.search(key)
        if caffe is None:
            return None
        layer = FC.get(caffe[5], caffe[5]) if caffe[5] else f"conv{caffe[1] or caffe[3]}_{caffe[2] or caffe[4]}"
        return f"{layer}.{'bias' if value.ndim == 1 else 'weight'}"
    number, classifier = NUMBERED.search(key), CLASSIFIER.search(key)
    if number:
        layer = numbers.get(int(number[1]), "")
        return layer and f"{layer}.{number[2]}"
    return f"{FC[classifier[1]]}.{classifier[2]}" if classifier else None


def positions(plan: Plan, norm: str) -> dict[int, str]:
    """Where a plan's convolutions and norms stand in torchvision's `features`."""
    found: dict[int, str] = {}
    number = 0
    for block, (_, kernels, _) in enumerate(plan.blocks, 1):
        for index in range(1, len(kernels) + 1):
            found[number] = f"conv{block}_{index}"
            if norm == "batch":
                number += 1
                found[number] = f"conv{block}_{index}.norm"
            number += 2  # the activation is one too
        number += 1  # and the pool
    return found


def turned(found: Named) -> Named:
    """Caffe's and Keras's tensors as torch has them: (O, I, H, W); fc6's matrix still flat, in the order C, H, W.

    Keras's kernels are (H, W, I, O), its matrices (inputs, outputs), and fc6 reads its map in the order H, W, C.
    """
    kernels = [value for _, value in found.values() if value.ndim == 4]
    if not any(value.shape[0] == value.shape[1] <= 3 < value.shape[3] for value in kernels):
        return found
    width = max(value.shape[3] for value in kernels)  # the last block's, which fc6 reads
    made: Named = {}
    for name, (key, value) in found.items():
        if value.ndim == 4:
            value = value.permute(3, 2, 0, 1)
        elif value.ndim == 2 and name == "fc6.weight":
            side = round((value.shape[0] / width) ** 0.5)
            if side * side * width != value.shape[0]:
                raise ValueError(f"{key} reads {value.shape[0]} values, which is no square map of {width} channels")
            value = value.view(side, side, width, -1).permute(3, 2, 0, 1).flatten(1)
        elif value.ndim == 2:
            value = value.T
        made[name] = key, value
    return made
