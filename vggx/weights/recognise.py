"""{name: tensor} of a source -> which plan, width and norm it is of, and its layers by the paper's names."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vggx.plans import ALIASES, PLANS, Plan, get_plan
from vggx.weights.layouts import Named, layout_of, named, turned

# has the shapes of plan A: a source of it must be called by its name
SHARED = "A-LRN"


@dataclass(frozen=True)
class Recognised:
    """A plan that the tensors fit.

    Attributes:
        rank: how far it goes beyond what is there; see `rank`.
    """

    plan: str
    width: float
    norm: str
    layers: Named
    rank: int


def recognise(state: Mapping[str, Tensor], plan: str | None = None) -> tuple[str, Recognised]:
    """The layout of the names, and the plan of the shapes.

    Args:
        plan: what the user says it is, "E:3" for E too; chosen by the shapes where None.

    Raises:
        ValueError: no plan fits, another than the one named, or several and none is named.
    """
    layout = layout_of(state)
    fitting = [found for name in PLANS for norm in ("none", "batch") if (found := fit(state, layout, name, norm))]
    if plan is not None:
        wanted = get_plan(plan).name.partition(":")[0]
        chosen = [found for found in fitting if whole_plan(found) == wanted]
        others = [found for found in fitting if whole_plan(found) != SHARED]
        if not chosen:
            raise ValueError(f"modality.net.plan={plan}: the weights are {described(others, state)}")
    else:
        chosen = [found for found in fitting if whole_plan(found) != SHARED]
        if not chosen:
            raise ValueError(f"the weights are {described(chosen, state)}")
    best = [found for found in chosen if found.rank == min(each.rank for each in chosen)]
    if len(best) > 1:
        raise ValueError(
            f"the layers that are there are alike in the plans {called(best)}: say which with modality.net.plan=..."
        )
    return layout, best[0]


def whole_plan(found: Recognised) -> str:
    return found.plan.partition(":")[0]


def described(fitting: list[Recognised], state: Mapping[str, Tensor]) -> str:
    best = [found for found in fitting if found.rank == min(each.rank for each in fitting)]
    if best:
        return f"of plan {called(best)}"
    kernels = [value for value in state.values() if value.ndim >= 3]
    return f"of no plan that is known ({', '.join(PLANS)}): its kernels are {[tuple(k.shape) for k in kernels[:4]]} ..."


def called(found: list[Recognised]) -> str:
    aliases = {plan: alias for alias, plan in ALIASES.items()}
    names = dict.fromkeys(each.plan for each in found)
    return " or ".join(f"{name} ({aliases[name]})" if name in aliases else name for name in names)


def fit(state: Mapping[str, Tensor], layout: str, name: str, norm: str) -> Recognised | None:
    """The plan, if every tensor has its place and shape in it."""
    layers = named(state, layout, PLANS[name], norm)
    if layers is None:
        return None
    layers = turned(layers) if layout == "caffe" else layers
    weights = {key.removesuffix(".weight"): v for key, (_, v) in layers.items() if key.endswith(".weight")}
    kernels = {key: value for key, value in weights.items() if key.startswith("conv") and ".norm" not in key}
    if not kernels or (norm == "batch") != any(".norm." in key for key in layers):
        return None
    headed = bool({"fc6", "fc"} & set(weights))
    last = max(int(key.removeprefix("conv").partition("_")[0]) for key in kernels)
    # a head tells that no block is missing before it
    cut = f"{name}:{last}" if headed and last < len(PLANS[name].blocks) else name
    width = multiplier(weights, get_plan(cut))
    if width is None:
        return None
    plan = get_plan(cut, width)
    layout_of_plan = expected(plan)
    if not all(key in layout_of_plan and has_shape(value, *layout_of_plan[key]) for key, value in kernels.items()):
        return None
    if not fits_classifier(weights, plan):
        return None
    return Recognised(plan.name, width, norm, layers, rank(set(kernels), PLANS[name], width, headed))


def multiplier(weights: Mapping[str, Tensor], plan: Plan) -> float | None:
    """The width multiplier that rounds a plan's widths to those that are there, or None."""
    planned = {name: width for name, (_, width, _) in expected(plan).items()} | {"fc6": plan.hidden}
    there = [(value.shape[0], planned[name]) for name, value in weights.items() if name in planned]
    least = max(((have - 0.5) / width for have, width in there), default=1.0)
    most = min(((have + 0.5) / width for have, width in there), default=1.0)
    return (least + most) / 2 if least <= most else None


def expected(plan: Plan) -> dict[str, tuple[int | None, int, int]]:
    """{convolution: (input channels, None of the first; width; size of its kernel along the last axis)}"""
    found: dict[str, tuple[int | None, int, int]] = {}
    before: int | None = None
    for number, (width, kernels, _) in enumerate(plan.blocks, 1):
        for index, kernel in enumerate(kernels, 1):
            size = kernel if isinstance(kernel, int) else kernel[-1]
            found[f"conv{number}_{index}"] = before, width, size
            before = width
    return found


def has_shape(kernel: Tensor, before: int | None, width: int, size: int) -> bool:
    return kernel.shape[0] == width and before in (None, kernel.shape[1]) and kernel.shape[-1] == size


def fits_classifier(weights: Mapping[str, Tensor], plan: Plan) -> bool:
    """Whether fc6, flat or not, reads the last block, and fc7 and fc8 what comes before them."""
    last = plan.blocks[-1].width
    reads = {"fc6": last, "fc7": plan.hidden, "fc8": plan.hidden, "fc": last}
    there = {name: weights[name] for name in reads if name in weights}
    if any(name in ("fc6", "fc7") and value.shape[0] != plan.hidden for name, value in there.items()):
        return False
    return all(
        value.shape[1] % reads[name] == 0 if name == "fc6" else value.shape[1] == reads[name]
        for name, value in there.items()
    )


def rank(kernels: set[str], plan: Plan, width: float, headed: bool) -> int:
    """How far a whole plan goes beyond the convolutions that are there; the least is the likeliest.

    0, 1: it does not; 1 if it was made wider or narrower, and a head is there.
    2, 4: its first blocks are there, whole; 4 if it was made wider or narrower.
    3:    all of its blocks, made wider or narrower, and no head.
    5, 6: some of its layers; 6 if it was made wider or narrower.
    """
    scaled = width != 1
    whole: set[str] = set()
    for number, block in enumerate(plan.blocks, 1):
        whole |= {f"conv{number}_{index}" for index in range(1, len(block.kernels) + 1)}
        if kernels == whole:
            if number < len(plan.blocks):
                return 4 if scaled else 2
            return (1 if headed else 3) if scaled else 0
    return 6 if scaled else 5
