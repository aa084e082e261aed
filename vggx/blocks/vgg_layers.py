"""The layers of a VGG block: units, [LRN], [extras], pool, [dropout]."""

from dataclasses import replace

from vggx.blocks import unit_layers
from vggx.spec.layer import Layer, pointwise
from vggx.spec.parts import EXTRAS, Feed, part
from vggx.spec.words import BlockSpec


def layers(block: BlockSpec, feed: Feed, number: int) -> list[Layer]:
    found: list[Layer] = []

    def at() -> Feed:
        """What the next layer is given."""
        return replace(feed, layer=found[-1].name, channels=found[-1].channels) if found else feed

    for index, unit in enumerate(block.units, 1):
        found += unit_layers.layers(unit, at(), f"conv{number}_{index}")
        if block.lrn and index == 1:
            found.append(pointwise(f"lrn{number}", "lrn", feed.part, [at().layer], at().channels, feed.dims))
    for extra in block.extras:
        found += part(EXTRAS, "extra", extra.name).describe(extra, at(), f"{extra.name}{number}")
    if block.pool is not None:
        found += unit_layers.pool_layers(block.pool, at(), f"pool{number}")
    if block.dropout:
        dropped = pointwise(f"{found[-1].owner}.dropout", "dropout", feed.part, [at().layer], at().channels, feed.dims)
        found.append(replace(dropped, share=block.dropout))
    return found
