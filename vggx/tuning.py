"""net -> which of its blocks train, and what the learning rate of each of its parameters is multiplied by."""

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from torch import nn

from vggx.net import VGG
from vggx.options import Recipe
from vggx.spec.layer import part_of
from vggx.surgery.transfer import covers


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


def vgg_of(net: Any) -> VGG:
    """The VGG of a `PreparedNet`, or itself."""
    found: VGG = net if isinstance(net, VGG) else net.vgg
    return found


def freeze(net: Any, count: int) -> list[nn.Module]:
    """Take the first blocks of a net out of training: no gradients, and evaluation mode.

    In that mode the statistics of their norms stand still; whoever calls `net.train()` has to bring it back.

    Returns:
        The frozen blocks.

    Raises:
        ValueError: fewer than none, or more than there are.
    """
    blocks: list[nn.Module] = vgg_of(net).backbone.blocks() if count else []
    if not 0 <= count <= len(blocks):
        raise ValueError(
            f"freeze={count}: the net has {len(blocks)} blocks, so it must be from 0 (none) to {len(blocks)} (the head "
            "alone trains)"
        )
    for block in blocks[:count]:
        block.requires_grad_(False).eval()
    return blocks[:count]


def paces(net: Any, recipe: Recipe, fresh: Collection[str] | None) -> dict[str, Pace]:
    """The pace of every parameter that trains, by its name.

    Every block and the head learn at lr times their part of `part_scales`. A convolution and its norm are one layer and
    share their rate; timm counts every module of a VGG's `features` by itself, so that its nets with batch norm decay
    twice as fast as those without.

    Args:
        fresh: the layers that inherited nothing, by the paper's names (conv4_1, fc8; conv1_1.norm for a norm alone);
            None for a net that began with no weights.

    Raises:
        ValueError: a fresh_factor for a net of which no layer inherited anything, or as `part_scales`.
    """
    if fresh is None and recipe.fresh_factor != 1:
        raise ValueError(
            f"recipe.fresh_factor={recipe.fresh_factor} needs weights=...: without them all layers are equally fresh, "
            "and recipe.lr is their rate"
        )
    spec = vgg_of(net).spec
    scales, parts = part_scales(recipe, len(spec.blocks)), spec.parts()
    keys, found = net.layer_keys(), {}
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = keys[name].rpartition(".")[0]
        part = part_of(layer, parts)
        is_fresh = any(covers(other, layer, part) for other in fresh or ())
        scale = scales[part] * (recipe.fresh_factor if is_fresh else 1.0)
        found[name] = Pace(part, is_fresh, scale)
    return found


def part_scales(recipe: Recipe, blocks: int) -> dict[str, float]:
    """What the rate of each part is multiplied by: {block1, ..., head}.

    They are the recipe's block_rates where it has some; else block b of B has layer_decay ** (B + 1 - b), the head 1.

    Raises:
        ValueError: rates that are not one for each part, not positive, or beside a layer_decay.
    """
    parts, rates = [*(f"block{number}" for number in range(1, blocks + 1)), "head"], recipe.block_rates
    if rates is None:
        return {part: recipe.layer_decay**above for above, part in zip(range(blocks, -1, -1), parts, strict=True)}
    if len(rates) != len(parts):
        raise ValueError(
            f"recipe.block_rates has {len(rates)} rates: this net takes {len(parts)}, one for each of its {blocks} "
            "blocks and one for the head"
        )
    if not all(0 < rate < math.inf for rate in rates):
        raise ValueError(
            f"recipe.block_rates must be positive, got {rates}; freeze=K keeps the first K blocks as they are"
        )
    if recipe.layer_decay != 1:
        raise ValueError(
            f"recipe.block_rates and recipe.layer_decay={recipe.layer_decay} both say how fast a block learns: give one"
        )
    return dict(zip(parts, rates, strict=True))


def in_a_line(paces: Mapping[str, Pace], lr: float) -> str:
    """block1 0.01055, block2 0.01406, ..., head 0.05, head (fresh) 0.5"""
    rates = {f"{pace.part} (fresh)" if pace.fresh else pace.part: lr * pace.scale for pace in paces.values()}
    return ", ".join(f"{part} {rate:.4g}" for part, rate in rates.items())
