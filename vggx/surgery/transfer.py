"""weights of a source + a net -> what each layer of the net inherits, and by which rule; a row for every layer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vggx.dims import AXES
from vggx.init import initialise
from vggx.net import VGG
from vggx.spec.layer import HEAD, part_of
from vggx.spec.net import NetSpec
from vggx.surgery.axes import lift, lower
from vggx.weights.source import Weights

Row = dict[str, Any]
Layer = dict[str, Tensor]  # weight, bias, running_mean, ...
RANDOM = "random in the source"  # drawn when it was made, by leave given then
UNASKED = "not among inherit"


@dataclass(frozen=True)
class Transfer:
    """What a net inherits.

    Attributes:
        rows: {target, source, rule, source_shape, target_shape, result: copied, fresh or dropped} of each layer.
        state: the copied tensors by the net's own names.
        spec: of the net.
    """

    rows: list[Row]
    state: dict[str, Tensor]
    spec: NetSpec

    def fresh(self) -> list[str]:
        """The layers that inherit nothing: conv4_1, conv1_1.norm, fc8."""
        return [row["target"] for row in self.rows if row["result"] == "fresh"]


def transfer(
    weights: Weights, net: VGG, *, rule: str = "center", keep_classes: bool = True, only: Sequence[str] | None = None
) -> Transfer:
    """Pair the layers by name and bring each kernel to the net's number of axes.

    Args:
        net: may be on the meta device.
        rule: a key of `axes.RULES`, for a kernel that gets an axis more.
        keep_classes: whether the source's classes are the net's; otherwise the last layer stays fresh.
        only: the layers (conv1_1, fc6), blocks (block1) or "head" that inherit, of a source of any plan then; all
            where None.

    Raises:
        ValueError: another plan or norm than the source's, two numbers of dimensions between them, or in `only` what
            the net has not.
    """
    check(weights, net, any_plan=only is not None)
    sources, untrained = grouped(weights.state), weights.untrained()
    keys = {name: key for key, name in net.layer_keys().items()}
    state_dict = net.state_dict()
    targets = grouped({name: state_dict[key] for name, key in keys.items()})
    parts, last = net.spec.parts(), net.spec.last.name
    check_names("inherit", only or (), targets, parts)
    rows: list[Row] = []
    state: dict[str, Tensor] = {}
    for name, tensors in targets.items():
        made, why = inherited(sources.get(name), tensors, rule)
        if only is not None and not any(covers(asked, name, part_of(name, parts)) for asked in only):
            made, why = {}, UNASKED
        elif name == last and not keep_classes:
            made, why = {}, "new classes"
        elif name in untrained:
            made, why = {}, RANDOM
        state |= {keys[f"{name}.{own}"]: value for own, value in made.items()}
        source = source_of(weights, name) if made else None
        rows.append(row(name, source, why, sources.get(name), tensors, "copied" if made else "fresh"))
    for name, given in sources.items():
        if name not in targets:
            rows.append(row(None, source_of(weights, name), "the net has no such layer", given, None, "dropped"))
    rows += [row(None, key, why, None, None, "dropped") for key, why in weights.left.items()]
    return Transfer(rows, state, net.spec)


def check(weights: Weights, net: VGG, *, any_plan: bool = False) -> None:
    """
    Args:
        any_plan: layers are asked for by name, which plans share.

    Raises:
        ValueError: what no rule of a layer could mend.
    """
    # the blocks of one may be the first ones of the other; A-LRN has the shapes of A
    wholes = {name.partition(":")[0].removesuffix("-LRN") for name in (net.spec.plan, weights.plan)}
    if len(wholes) > 1 and not any_plan:
        raise ValueError(f"modality.net.plan={net.spec.plan}: the weights of {weights.name} are of plan {weights.plan}")
    if abs(net.dims - weights.dims) > 1:
        raise ValueError(
            f"the weights of {weights.name} are of dims {weights.dims}, the net of dims {net.dims}: they move one axis "
            "at a time, so make a net of dims 2 of them first"
        )
    if weights.norm != "none" and not any(layer.kind == "norm" for layer in net.spec.layers()):
        raise ValueError(f"modality.net.norm=none: the weights of {weights.name} are of a net with batch norm")


def grouped(tensors: Mapping[str, Tensor]) -> dict[str, Layer]:
    """{"conv1_1.norm.bias": x} -> {"conv1_1.norm": {"bias": x}}"""
    found: dict[str, Layer] = {}
    for name, value in tensors.items():
        layer, _, part = name.rpartition(".")
        found.setdefault(layer, {})[part] = value
    return found


def inherited(source: Layer | None, target: Layer, rule: str) -> tuple[Layer, str]:
    """A layer's tensors as the net takes them, and by what rule; nothing, and why, if it cannot inherit."""
    if source is None:
        return {}, "not in the source"
    made, words = dict(source), ["copy"]
    if "weight" in source and source["weight"].ndim > 1:
        try:
            made["weight"], words = fitted(source["weight"], target["weight"].shape, rule)
        except ValueError as error:
            return {}, str(error)
    if "num_batches_tracked" in target:  # which torchvision's files are older than
        made.setdefault("num_batches_tracked", torch.tensor(0))
    missing = [part for part in target if part not in made]
    if missing:
        return {}, f"the source has no {', '.join(missing)} of it"
    for part, value in target.items():
        if made[part].shape != value.shape:
            return {}, f"{part} is {tuple(made[part].shape)} in the source"
    return {part: made[part] for part in target}, ", ".join(words)


def fitted(kernel: Tensor, shape: Sequence[int], rule: str) -> tuple[Tensor, list[str]]:
    """A kernel (O, I, *K) in the number of axes of a shape, and the rules that were followed.

    An axis more in front by `rule`; an axis less by its sum; RGB read by one channel by the sum of the three, and the
    other way a third for each. A kernel that is to be 1 along an axis (fc6 of a grid of 1, which a map pooled up to the
    grid is constant on) by the sum along it.

    Raises:
        ValueError: no rule makes this shape of it.
    """
    words: list[str] = []
    given = tuple(kernel.shape)
    if kernel.ndim + 1 == len(shape):
        words.append("copy" if shape[2] == 1 else rule)
        kernel = lift(kernel, shape[2], rule)
    elif kernel.ndim == len(shape) + 1:
        words.append(f"sum over {AXES[kernel.ndim - 2][0]}" if kernel.shape[2] > 1 else "copy")
        kernel = lower(kernel)
    if (kernel.shape[1], shape[1]) == (3, 1):
        kernel = kernel.sum(1, keepdim=True)
        words.append("sum over RGB")
    elif (kernel.shape[1], shape[1]) == (1, 3):
        kernel = kernel.expand(-1, 3, *kernel.shape[2:]) / 3
        words.append("a third for each of RGB")
    for axis in range(2, len(shape)):
        if shape[axis] == 1 and kernel.ndim == len(shape) and kernel.shape[axis] > 1:
            kernel = kernel.sum(axis, keepdim=True)
            words.append(f"sum over {AXES[len(shape) - 2][axis - 2]}")
    if kernel.shape != tuple(shape):
        if kernel.shape[1] != shape[1]:
            raise ValueError(f"it reads {shape[1]} channels, the source's reads {given[1]}")
        raise ValueError(f"{given} does not become {tuple(shape)}")
    return kernel, [word for word in words if word != "copy"] or ["copy"]


def source_of(weights: Weights, layer: str) -> str:
    """The source's own name of a layer: features.0."""
    key = next(key for name, key in weights.keys.items() if name.rpartition(".")[0] == layer)
    return key.removesuffix(".weight").removesuffix(".bias")


def row(target: str | None, source: str | None, rule: str, given: Layer | None, made: Layer | None, result: str) -> Row:
    shapes = {"source_shape": shape_of(given), "target_shape": shape_of(made)}
    return {"target": target, "source": source, "rule": rule, **shapes, "result": result}


def shape_of(parts: Layer | None) -> list[int] | None:
    return None if parts is None else list(parts.get("weight", next(iter(parts.values()))).shape)


def check_fresh(found: Transfer, allowed: Iterable[str], *, keep_classes: bool) -> None:
    """Refuse layers that inherit nothing without leave; the last one has leave where the classes are new.

    Args:
        allowed: layers (conv4_1, fc6), blocks (block4), head, or norm for all norms.

    Raises:
        ValueError: the layers and why, and the leave that would do; or a leave that names no layer.
    """
    allowed = list(allowed)
    targets, parts = [row["target"] for row in found.rows if row["target"]], found.spec.parts()
    check_names("allow_fresh", allowed, targets, parts)
    free = () if keep_classes else (found.spec.last.name,)
    stays = {
        row["target"]: row["rule"]
        for row in found.rows
        if row["result"] == "fresh"
        and row["rule"] not in (RANDOM, UNASKED)
        and row["target"] not in free
        and not any(covers(leave, row["target"], part_of(row["target"], parts)) for leave in allowed)
    }
    if stays:
        reasons = "; ".join(f"{target} ({why})" for target, why in stays.items())
        raise ValueError(
            f"{len(stays)} layers would stay fresh, that is random: {reasons}. "
            f"To have it so, give allow_fresh=[{','.join(leaves(stays, targets, parts))}]"
        )


def check_names(option: str, names: Iterable[str], targets: Collection[str], parts: Mapping[str, str]) -> None:
    """
    Raises:
        ValueError: a name that covers no layer of the net.
    """
    for name in names:
        if not any(covers(name, target, part_of(target, parts)) for target in targets):
            raise ValueError(f"{option} names {name!r}, and the net has no such layer: {', '.join(targets)}")


def covers(leave: str, target: str, part: str) -> bool:
    """Whether a leave is for this layer, of this part: conv4_1 (and its norm), block4, head, or norm."""
    layer, _, own = target.partition(".")
    return leave in (layer, target, part) or leave == own != ""


def leaves(stays: Collection[str], targets: Sequence[str], parts: Mapping[str, str]) -> list[str]:
    """The least words that cover these layers and no others: whole blocks by their names, norms as norm."""
    found: dict[str, None] = {}
    for target in stays:
        part = part_of(target, parts)
        whole = part != HEAD and all(other in stays for other in targets if part_of(other, parts) == part)
        norm = target.endswith(".norm") and target.partition(".")[0] not in stays
        found["norm" if norm else part if whole else target.partition(".")[0]] = None
    return list(found)


def load(net: VGG, found: Transfer, scheme: str, *, share: bool = False) -> None:
    """Give a net, in place, what it inherits, and draw by the scheme what it does not.

    Args:
        share: take the weights' own tensors, where neither they nor the net are changed later.
    """
    net.load_state_dict(found.state, strict=False, assign=share)
    fresh, parts = set(found.fresh()), net.spec.parts()
    for key, name in net.layer_keys().items():
        layer = name.rpartition(".")[0]
        if layer in fresh:
            module: Any = net.get_submodule(key.rpartition(".")[0])
            if hasattr(module, "reset_parameters"):  # a part of one's own draws its own when it is made
                module.reset_parameters()
            initialise(module, scheme, head=part_of(layer, parts) == HEAD)
