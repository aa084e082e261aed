"""options of a modality -> how its net's MACs grow with each: polynomials whose coefficients come from the plan.

A convolution behind pools of s in all costs 1 / s of its weights for every position of the input, whatever the input's
size: the sum of that over the layers is the slope in pixels, frames and seconds. It is exact where the pools divide the
size; where they round down, the count lies below.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vggx import geometry
from vggx.cost.ledger import CLASSIFIER, costs_of, ledger_of, total
from vggx.dims import product
from vggx.options import Modality

GREATER = 4  # times a value: far enough for every layer that grows with it to cost more


@dataclass(frozen=True)
class Law:
    """MACs of one sample as a polynomial.

    Attributes:
        option: what grows: a key of the data's `GROWS`, width, or layers of a block.
        value: what it is now.
        terms: {power: factor}, without those that are 0.
    """

    option: str
    value: float
    terms: dict[int, Fraction]

    def at(self, value: float) -> Fraction:
        return sum((factor * Fraction(value) ** power for power, factor in self.terms.items()), Fraction(0))


def laws(modality: Modality, classes: int) -> list[Law]:
    """In every option of the data that lengthens axes, in the width, and in the layers of every block.

    Raises:
        ValueError: as `extent_law`.
    """
    extents = [extent_law(modality, classes, option) for option in modality.data.GROWS]
    return [*extents, width_law(modality, classes), *depth_laws(modality, classes)]


def with_value(modality: Modality, option: str, value: float | str) -> Modality:
    """The modality with another value of an option of its data or of its net."""
    change: dict[str, Any] = {option: value}
    if hasattr(modality.data, option):
        return replace(modality, data=replace(modality.data, **change))
    return replace(modality, net=replace(modality.net, **change))


def check_pools(modality: Modality, option: str) -> None:
    """
    Raises:
        ValueError: the net chooses other pools for other values, so that its cost does not grow with them.
    """
    value, chosen = getattr(modality.data, option), []
    for multiple in (0.25, 0.5, 1, 2, 4):
        try:
            spec = with_value(modality, option, type(value)(multiple * value)).spec(1)
        except ValueError:  # too short for any
            continue
        chosen.append([block.pool.stride[0] for block in spec.blocks if block.pool])
    if any(pools != chosen[0] for pools in chosen):
        raise ValueError(
            f"this net chooses its time pools by {option}: set modality.net.time_pools, such as {chosen[-1]}"
        )


def extent_law(modality: Modality, classes: int, option: str) -> Law:
    """In an option that lengthens axes of the input.

    Raises:
        ValueError: a grid was given, so that fc6 neither follows the input's size nor is one step wide; or as
            `check_pools`.
    """
    check_pools(modality, option)
    if modality.net.grid is not None:
        grid = list(modality.net.grid)
        raise ValueError(f"modality.net.grid={grid}: growth is known where the grid follows the input; leave it unset")

    def along(values: Sequence[int]) -> int:
        return product(values[axis] for axis in modality.data.GROWS[option])

    def positions(value: float) -> int:
        return along(with_value(modality, option, value).spec(classes).input_shape[1:])

    value = getattr(modality.data, option)
    spec = modality.spec(classes)
    maps = geometry.by_name(spec.layers(), spec.input_shape[1:])
    last = maps[spec.backbone[-1].name]
    longer = {cost.name: cost.macs for cost in ledger_of(with_value(modality, option, GREATER * value), classes)}
    slope, constant = Fraction(0), 0
    for cost in costs_of(spec):
        if longer[cost.name] == cost.macs:
            constant += cost.macs
        elif cost.part != CLASSIFIER:
            slope += Fraction(cost.macs, along(cost.output) * along(maps[cost.name].stride))
        else:
            # it is applied at every step of the last map, or its kernel covers them all: the same product
            slope += Fraction(cost.macs, along(last.size) * along(last.stride))
    power = len(modality.data.GROWS[option])
    # a spectrogram of so many seconds has a step more than their product with its rate
    rate = Fraction(positions(2 * value) - positions(value)) / (Fraction(2 * value) ** power - Fraction(value) ** power)
    ahead = positions(value) - rate * Fraction(value) ** power
    return law(option, value, {power: slope * rate, 0: constant + slope * ahead})


def width_law(modality: Modality, classes: int) -> Law:
    """In the multiplier of all widths: a layer's weights grow with each of its two ends that is not fixed."""
    first, *between, last = [cost.macs for cost in ledger_of(with_value(modality, "width", 1.0), classes) if cost.macs]
    return law("width", modality.net.width, {2: Fraction(sum(between)), 1: Fraction(first + last)})


def depth_laws(modality: Modality, classes: int) -> list[Law]:
    """In the layers of every block: one more like its own has as many channels in as out, and keeps the map's size."""
    spec = modality.spec(classes)
    costs = costs_of(spec)
    macs = total(costs)["macs"]
    found = []
    for part, block in zip(spec.blocks_and_head(), spec.blocks, strict=False):
        first = next(cost for cost in costs if cost.part == part)
        unit, layers = block.units[0], len(block.units)
        another = Fraction(product(unit.kernel) * unit.width * first.written)
        found.append(law(f"layers of {part}", layers, {1: another, 0: macs - another * layers}))
    return found


def law(option: str, value: float, terms: dict[int, Fraction]) -> Law:
    return Law(option, value, {power: factor for power, factor in terms.items() if factor})
