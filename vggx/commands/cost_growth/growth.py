"""modalities -> rows of the laws by which their nets' MACs grow, each held against the count at twice the value."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from vggx.cost.growth import Law, laws, with_value
from vggx.cost.ledger import ledger_of, total
from vggx.options import Modality
from vggx.report.tables import quantity

CONVENTION = (
    "MACs of one sample as a polynomial of an option. macs: counted, by_law: what the law says, here and at twice the "
    "value. The law is exact where the pools divide the size and the width rounds no channels; where a pool rounds "
    "down, the count is less"
)


def growth(modalities: Sequence[Modality], classes: int) -> dict[str, Any]:
    """{convention, rows}: a row for every option that makes a net of these modalities dearer.

    Raises:
        ValueError: options from which no net can be made, or a grid that was given.
    """
    rows = [row(modality, law, classes) for modality in modalities for law in laws(modality, classes)]
    return {"convention": CONVENTION, "rows": rows}


def row(modality: Modality, law: Law, classes: int) -> dict[str, Any]:
    twice = 2 * law.value
    counted = None
    if not law.option.startswith("layers"):  # their number is the plan's
        counted = total(ledger_of(with_value(modality, law.option, twice), classes))["macs"]
    return {
        "modality": modality.name,
        "plan": modality.net.plan,
        "grows": law.option,
        "law": formula(law),
        "factors": {str(power): float(factor) for power, factor in law.terms.items()},
        "value": law.value,
        "macs": total(ledger_of(modality, classes))["macs"],
        "by_law": round(law.at(law.value)),
        "at_twice": round(law.at(twice)),
        "counted_at_twice": counted,
    }


def formula(law: Law) -> str:
    return " + ".join(term(power, factor, law.option) for power, factor in law.terms.items())


def term(power: int, factor: Fraction, option: str) -> str:
    """15.38 G width^2"""
    name = "layers" if option.startswith("layers") else option
    return quantity(float(factor)) + {0: "", 1: f" {name}"}.get(power, f" {name}^{power}")


def curves(modalities: Sequence[Modality], classes: int) -> list[dict[str, Any]]:
    """Every law but those of depth as a curve to draw, and the ledger's counts at multiples of the value."""
    return [
        curve(modality, law, classes)
        for modality in modalities
        for law in laws(modality, classes)
        if not law.option.startswith("layers")
    ]


def curve(modality: Modality, law: Law, classes: int) -> dict[str, Any]:
    counted = {}
    for multiple in (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4):
        value = type(law.value)(multiple * law.value)
        try:
            counted[value] = total(ledger_of(with_value(modality, law.option, value), classes))["macs"]
        except ValueError:  # too short for the pools
            continue
    least, most = min(counted), max(counted)
    smooth = [least + (most - least) * part / 100 for part in range(101)]
    return {
        "modality": modality.name,
        "grows": law.option,
        "law": formula(law),
        "values": list(counted),
        "counted": list(counted.values()),
        "smooth": smooth,
        "predicted": [float(law.at(value)) for value in smooth],
    }
