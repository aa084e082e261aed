"""options -> the spec of a net in dims 3: kernels inflated along time, time pooled apart from height and width."""

from dataclasses import replace

from modalities.video.options import Data, Net
from vggx.planned import plan_spec
from vggx.plans import get_plan
from vggx.spec.net import NetSpec


def spec(options: Net, data: Data, outputs: int) -> NetSpec:
    """The first pool leaves time alone and the others halve it, unless told otherwise.

    fc6 sees one step of time, so that a longer clip gives several scores, which are averaged.
    """
    common = options.plan_options()
    plan = get_plan(common.get("plan", "D"))
    time_pools = options.time_pools or [1] + [2] * (len(plan.blocks) - 1)
    if len(time_pools) != len(plan.blocks):
        raise ValueError(
            f"modality.net.time_pools={time_pools} must have one value for each of the {len(plan.blocks)} blocks "
            f"of plan {plan.name}"
        )
    if options.time_kernel < 1 or options.time_kernel % 2 == 0:
        raise ValueError(f"modality.net.time_kernel must be odd, 1 or more, not {options.time_kernel}")
    common["pools"] = [(time, 2, 2) for time in time_pools]
    common["padding"] = (options.time_padding, "zeros", "zeros")
    common["kernel"] = (options.time_kernel, 3, 3)
    made = plan_spec(data.input_shape(), outputs, **common)
    if "grid" in common:
        return made
    _, *grid = made.head.grid
    return replace(made, head=replace(made.head, grid=(1, *grid)))
