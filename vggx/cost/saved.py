"""layers -> what autograd keeps of each until the backward pass, in closed form, as torch's layers keep it on a GPU.

A convolution keeps its input, a ReLU its output, a batch norm and a leaky ReLU their input, a max pool the place of
each greatest value (eight bytes), dropout a mask (one byte); see `vggx.spec.layer.KINDS`. A map that two layers keep is
one map. Parameters, and the two values a channel that a batch norm keeps of the batch, are not counted: they do not
grow with the batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from vggx.dims import product
from vggx.spec.layer import INPUT, KINDS, Layer, Size

Sizes = Mapping[str, Size]  # of each layer's map, and of the net's input


class Saved(NamedTuple):
    """`values` in the precision of the maps, and `fixed` bytes that are the same in every precision."""

    values: int = 0
    fixed: int = 0

    def bytes(self, value_bytes: int) -> int:
        return self.values * value_bytes + self.fixed


def together(parts: Iterable[Saved]) -> Saved:
    """What several keep."""
    kept = list(parts)
    return Saved(sum(each.values for each in kept), sum(each.fixed for each in kept))


def learned_before(layers: Sequence[Layer]) -> set[str]:
    """The layers whose input wants a gradient: something before them learns."""
    moving: set[str] = set()
    found: set[str] = set()
    for layer in layers:
        if moving & set(layer.inputs):
            found.add(layer.name)
        if layer.name in found or layer.learns():
            moving.add(layer.name)
    return found


def kept_maps(layers: Sequence[Layer], sizes: Sizes) -> dict[str, Saved]:
    """What each layer keeps, a map that is kept counted with the layer that gives it.

    The net's own input is counted with the first layer that keeps it.
    """
    counted: dict[str, list[Saved]] = {layer.name: [] for layer in layers}
    owners = sources(layers, sizes)
    known = {layer.name: layer for layer in layers}
    seen, moving = set[str](), learned_before(layers)
    for layer in layers:
        # of what nobody wants a gradient of nothing is kept, nor of a map that is only put in another order
        if is_view(layer, sizes) or is_copy(layer, sizes) or not (layer.learns() or layer.name in moving):
            continue
        kept = KINDS[layer.kind].kept(layer, sizes[layer.name])
        counted[layer.name].append(Saved(kept.values * layer.rows, kept.fixed * layer.rows))
        maps = {owners[name] for name in layer.inputs if kept.inputs} | ({layer.name} if kept.output else set())
        for name in maps - seen:
            seen.add(name)
            source = layer if name == INPUT else known[name]
            channels = source.in_channels if name == INPUT else source.channels
            copied = is_copy(source, sizes)
            giver = owners[source.inputs[0]] if copied else source.name
            counted[giver].append(Saved(source.rows * channels * product(sizes[name])))
    return {name: together(parts) for name, parts in counted.items()}


def is_copy(layer: Layer, sizes: Sizes) -> bool:
    """Whether it only puts the channels of a map behind, beside the map itself; counted with the map's own layer."""
    same = layer.kind == "grid" and sizes[layer.name] == sizes[layer.inputs[0]]
    return same and not is_view(layer, sizes)


def is_view(layer: Layer, sizes: Sizes) -> bool:
    """Whether its map is the one that it takes; of a grid that the map has already, where no order needs a copy."""
    size = sizes[layer.name]
    same = layer.kind == "grid" and size == sizes[layer.inputs[0]] and 1 in (layer.channels, product(size))
    return KINDS[layer.kind].view or same


def sources(layers: Sequence[Layer], sizes: Sizes) -> dict[str, str]:
    """{layer: the layer whose map its own is}"""
    found = {INPUT: INPUT}
    for layer in layers:
        found[layer.name] = found[layer.inputs[0]] if is_view(layer, sizes) else layer.name
    return found
