"""settings + limits of MACs, parameters or memory -> the largest plan, width, input or batch that keeps within them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vggx.cost.growth import check_pools, with_value
from vggx.cost.ledger import ledger_of, total
from vggx.options import Settings
from vggx.plans import PLANS
from vggx.runner.cost import Terms, batch_of

# the step in which an option is searched; those of whole numbers go by 1
STEPS = {"width": 0.001, "seconds": 0.01}
MOST = 2**24  # steps: no limit that an option can reach lies beyond

Row = dict[str, Any]
CONVENTION = (
    "MACs and FLOPs (= 2 MACs) of convolutions and linear layers for one sample, forward; peak memory of a training "
    "step over a batch, predicted, and of what is far too large the least that it takes"
)


@dataclass(frozen=True)
class Limits:
    """What may not be exceeded; None for no limit.

    Attributes:
        macs: of one sample, forward.
        params: of the net.
        memory: of a training step, bytes.
    """

    macs: float | None = None
    params: float | None = None
    memory: float | None = None


def searched(settings: Settings) -> list[str]:
    """What can be looked for in a modality."""
    return ["plan", "width", "batch_size", *settings.modality.data.GROWS]


def budget(settings: Settings, find: str, limits: Limits, terms: Terms) -> list[Row]:
    """The row of the largest that fits, and of the next one, which does not: {..., find: its value, fits}.

    Plans are compared by their MACs. `peak_memory` of one that is far too large is the least that it takes.

    Raises:
        ValueError: an option that cannot be looked for, no limit, one that the option does not reach, or that nothing
            keeps within.
    """
    known = searched(settings)
    if find not in known:
        raise ValueError(f"find must be one of {', '.join(known)} for {settings.modality.name}, not {find!r}")
    if limits == Limits():
        raise ValueError("give a limit: macs, params or memory (GiB)")
    if find == "batch_size" and limits.memory is None:
        raise ValueError("find=batch_size needs memory=GIB: neither MACs nor parameters grow with the batch")
    batch_of(settings.modality)
    if limits.memory is not None:
        from vggx import recipes  # with torch, which the other limits do without

        recipes.check(settings.recipe)  # else the search would take a wrong recipe for a net that is too small
    if find in settings.modality.data.GROWS:
        check_pools(settings.modality, find)

    def row(value: Any) -> Row:
        return found_row(changed(settings, find, value), find, value, limits, terms)

    return search_plans(row, settings, terms) if find == "plan" else search_steps(row, STEPS.get(find, 1), find)


def changed(settings: Settings, find: str, value: Any) -> Settings:
    return replace(settings, modality=with_value(settings.modality, find, value))


def found_row(settings: Settings, find: str, value: Any, limits: Limits, terms: Terms) -> Row:
    """
    Raises:
        ValueError: options from which no net can be made, such as an input too short.
    """
    modality = settings.modality
    costs = ledger_of(modality, terms.classes)
    counts = total(costs)
    needed: dict[str, int | None] = {name: counts[name] for name in ("params", "macs", "flops")} | {"peak_memory": None}
    fits = all(limit is None or counts[name] <= limit for name, limit in vars(limits).items() if name != "memory")
    if limits.memory is not None and fits:
        # what is sure to be exceeded is not tried: weights, gradients and what is kept of the maps
        kept = sum(cost.saved.bytes(terms.value_bytes) for cost in costs)
        least = 8 * counts["params"] + kept * batch_of(modality)
        tried = least <= limits.memory
        peak = predicted_peak(settings, terms) if tried else least
        needed["peak_memory"], fits = peak, peak <= limits.memory
    return {
        "modality": modality.name,
        "plan": modality.net.plan,
        "norm": modality.net.norm,
        "width": modality.net.width,
        "input": modality.data.meaning(terms.fps),
        "batch_size": modality.data.batch_size,
        find: value,
        **needed,
        "fits": fits,
    }


def predicted_peak(settings: Settings, terms: Terms) -> int:
    from vggx.runner.memory import predicted  # with torch, which the other limits do without

    return predicted(settings, terms.classes, terms.precision).peak


def search_plans(row: Callable[[Any], Row], settings: Settings, terms: Terms) -> list[Row]:
    made, errors = [], []
    for plan in PLANS:
        try:
            made.append((total(ledger_of(changed(settings, "plan", plan).modality, terms.classes))["macs"], plan))
        except ValueError as error:  # too deep for the input
            errors.append(error)
    if not made:
        raise errors[0]
    rows: list[Row] = []
    for _, plan in sorted(made, reverse=True):
        rows.insert(0, row(plan))
        if rows[0]["fits"]:
            return rows[:2]
    raise nothing_fits("plan", rows[0])


def search_steps(row: Callable[[Any], Row], step: float, find: str) -> list[Row]:
    """By doubling, then by halving the gap: costs never fall as the option grows."""
    errors: list[ValueError] = []

    def at(number: int) -> Row | None:
        """None where it is too small for a net."""
        try:
            return row(round(number * step, 3) if step != 1 else number)
        except ValueError as error:
            errors.append(error)
            return None

    low, high, best, beyond = 0, 1, None, None
    while beyond is None:
        if high > MOST:
            raise ValueError(f"the limit is never reached: it does not grow with {find}") if best else errors[-1]
        tried = at(high)
        if tried is None or tried["fits"]:
            low, high, best = high, 2 * high, tried
        else:
            beyond = tried
    while high - low > 1:
        middle = (low + high) // 2
        tried = at(middle)
        if tried is None or tried["fits"]:
            low, best = middle, tried
        else:
            high, beyond = middle, tried
    if best is None:
        raise nothing_fits(find, beyond)
    return [best, beyond]


def nothing_fits(find: str, least: Row) -> ValueError:
    told = f"{least['macs']:,} MACs and {least['params']:,} parameters"
    if least["peak_memory"] is not None:
        told += f", and {least['peak_memory'] / 2**30:.3g} GiB of memory or more"
    return ValueError(f"nothing fits: the smallest, {find}={least[find]}, already needs {told}")
