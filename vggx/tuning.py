"""net -> which of its blocks train, and what the learning rate of each of its parameters is multiplied by."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from torch import nn

from vggx.blocks import VGGBlock
from vggx.options import Recipe
from vggx.surgery.transfer import covers, part_of
from vggx.weights.layouts import paper_name


class Pace(NamedTuple):
    """How fast a parameter learns.

    Attributes:
        part: block1, block2, ... or head.
        fresh: whether its layer inherited nothing.
        scale: what the learning rate is multiplied by.
    """

    part: str
    fresh: bool
    scale: float


def blocks_of(net: nn.Module) -> list[VGGBlock]:
    return [module for module in net.modules() if isinstance(module, VGGBlock)]


def freeze(net: nn.Module, count: int) -> list[VGGBlock]:
    """Take the first blocks out of training: no gradients for their parameters, and evaluation mode.

    In that mode the statistics of their norms stand still; whoever calls `net.train()` has to bring it back.

    Returns:
        The frozen blocks.

    Raises:
        ValueError: fewer than none, or more than there are.
    """
    blocks = blocks_of(net)
    if not 0 <= count <= len(blocks):
        raise ValueError(
            f"freeze={count}: the net has {len(blocks)} blocks, so it must be from 0 (none) to {len(blocks)} (the head "
            "alone trains)"
        )
    for block in blocks[:count]:
        block.requires_grad_(False).eval()
    return blocks[:count]


def paces(net: nn.Module, recipe: Recipe, fresh: Collection[str] | None) -> dict[str, Pace]:
    """The pace of every parameter that trains, by its name.

    Block b of B learns at lr * layer_decay ** (B + 1 - b), the head at lr. A convolution and its norm are one layer and
    share their rate; timm counts every module of a VGG's `features` by itself, so that its nets with batch norm decay
    twice as fast as those without.

    Args:
        fresh: the layers that inherited nothing, by the paper's names (conv4_1, fc8; conv1_1.norm for a norm alone);
            None for a net that began with no weights.

    Raises:
        ValueError: a fresh_factor for a net of which no layer inherited anything.
    """
    if fresh is None and recipe.fresh_factor != 1:
        raise ValueError(
            f"recipe.fresh_factor={recipe.fresh_factor} needs weights=...: without them all layers are equally fresh, "
            "and recipe.lr is their rate"
        )
    blocks = len(blocks_of(net))
    found = {}
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = paper_name(name).rpartition(".")[0]
        part = part_of(layer)
        above = 0 if part == "head" else blocks + 1 - int(part.removeprefix("block"))
        is_fresh = any(covers(other, layer) for other in fresh or ())
        scale = recipe.layer_decay**above * (recipe.fresh_factor if is_fresh else 1.0)
        found[name] = Pace(part, is_fresh, scale)
    return found


def in_a_line(paces: Mapping[str, Pace], lr: float) -> str:
    """block1 0.01055, block2 0.01406, ..., head 0.05, head (fresh) 0.5"""
    rates = {f"{pace.part} (fresh)" if pace.fresh else pace.part: lr * pace.scale for pace in paces.values()}
    return ", ".join(f"{part} {rate:.4g}" for part, rate in rates.items())
