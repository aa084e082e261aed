"""The parts that nets are made of, by name: what describes a part's layers, beside the module that is made of it.

An entry names both as "package.module:name", which is imported when it is first used, so that a net's cost is told
without torch. A part of one's own may hand over the function and the class themselves.

    HEADS["mine"] = Part(my_layers, MyHead)

A block: (BlockSpec, Feed, number) -> its layers, and -> its module (N, C, *S) -> (N, width, *S').
An extra: (ExtraSpec, Feed, name) -> its layers, and -> its module (N, C, *S)[, valid] -> the same shape.
A head: (HeadSpec, [Feed of each block's map]) -> its layers, and -> its module [maps][, valid] -> (N, K).
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vggx.spec.lazy import resolved
from vggx.spec.words import PLAIN


@dataclass(frozen=True)
class Feed:
    """What a part is given.

    Attributes:
        layer: the name of the layer whose map it is.
        channels: of the map.
        dims: spatial axes of the map.
        part: block3, or head: where it is given it.
    """

    layer: str
    channels: int
    dims: int
    part: str


@dataclass(frozen=True)
class Part:
    """How a part's layers are described and how its module is made; each a callable or "package.module:name"."""

    layers: str | Callable[..., Any]
    module: str | Callable[..., Any]

    def describe(self, *given: Any) -> Any:
        return resolved(self.layers)(*given)

    def build(self, *given: Any) -> Any:
        return resolved(self.module)(*given)


BLOCKS: dict[str, Part] = {PLAIN: Part("vggx.blocks.vgg_layers:layers", "vggx.blocks.vgg:VGGBlock.of_spec")}
EXTRAS: dict[str, Part] = {}
HEADS: dict[str, Part] = {
    "fc": Part("vggx.heads.classifier_layers:layers", "vggx.heads.classifier:ConvClassifier.of_spec"),
    "pooled": Part("vggx.heads.pooled_layers:layers", "vggx.heads.pooled:PooledClassifier.of_spec"),
}


def part(table: Mapping[str, Part], option: str, name: str) -> Part:
    """The part of that name.

    Raises:
        ValueError: the table has none, with a near name and what would add one.
    """
    if name not in table:
        near = difflib.get_close_matches(name, table, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        known = f"one of {', '.join(table)}" if table else "left out"
        raise ValueError(f"{option} must be {known}, not {name!r}{hint} (a part of your own: plugins=[FILE.py])")
    return table[name]
