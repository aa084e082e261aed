"""Table 1 of the paper as data: plan name -> blocks of (width, kernels), and the size of fc6 and fc7.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", Table 1.
The micro plans are not in the paper: they follow its rules (3-wide kernels, a pool of 2 after every block, width
doubled by the block) at a size that trains on a CPU in seconds to minutes.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class BlockPlan(NamedTuple):
    """One column group of Table 1: `kernels` is both the number of convolutions and the size of each.

    A size is of all axes, or a tuple of one per axis.
    """

    width: int
    kernels: tuple[int | tuple[int, ...], ...]
    lrn: bool = False


@dataclass(frozen=True)
class Plan:
    """The blocks of a net, and the width of fc6 and fc7."""

    name: str
    blocks: tuple[BlockPlan, ...]
    hidden: int = 4096


def table_row(*kernels: tuple[int, ...], lrn: bool = False) -> tuple[BlockPlan, ...]:
    widths = (64, 128, 256, 512, 512)
    blocks = [BlockPlan(width, block) for width, block in zip(widths, kernels, strict=True)]
    blocks[0] = blocks[0]._replace(lrn=lrn)
    return tuple(blocks)


PLANS = {
    plan.name: plan
    for plan in (
        Plan("A", table_row((3,), (3,), (3, 3), (3, 3), (3, 3))),
        Plan("A-LRN", table_row((3,), (3,), (3, 3), (3, 3), (3, 3), lrn=True)),
        Plan("B", table_row((3, 3), (3, 3), (3, 3), (3, 3), (3, 3))),
        Plan("C", table_row((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1))),
        Plan("D", table_row((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3))),
        Plan("E", table_row((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3))),
        Plan("micro", (BlockPlan(16, (3,)), BlockPlan(32, (3,)), BlockPlan(64, (3,))), hidden=128),
        Plan("micro4", tuple(BlockPlan(width, (3,)) for width in (16, 32, 64, 128)), hidden=128),
        Plan("mini", (BlockPlan(32, (3, 3)), BlockPlan(64, (3, 3)), BlockPlan(128, (3, 3))), hidden=256),
    )
}
ALIASES = {"vgg11": "A", "vgg13": "B", "vgg16": "D", "vgg19": "E"}


def get_plan(name: str, width: float = 1.0, kernel: int | Sequence[int] = 3) -> Plan:
    """The plan of that name or alias in any case.

    Args:
        name: "E:3" are the first three blocks of plan E: for small inputs, and for weights of its first blocks alone.
        width: multiplies every width, those of fc6 and fc7 too, which are rounded.
        kernel: the size of what are 3-wide kernels in Table 1, for all axes or one per axis; its 1-wide ones stay.

    Raises:
        ValueError: an unknown name, a number of blocks that the plan lacks, or a multiplier that is not positive.
    """
    names = {known.lower(): known for known in [*PLANS, *ALIASES]}
    whole, colon, count = name.lower().partition(":")
    if whole not in names:
        near = difflib.get_close_matches(whole, names, n=1, cutoff=0.5)
        hint = f"; did you mean {names[near[0]]}?" if near else "."
        raise ValueError(f"no plan is called {name!r}{hint} Plans: {', '.join([*PLANS, *ALIASES])}")
    if not 0 < width < float("inf"):
        raise ValueError(f"the width multiplier must be positive, got {width}")
    known = names[whole]
    plan = PLANS[ALIASES.get(known, known)]
    if colon:
        plan = first_blocks(plan, count)

    wide = kernel if isinstance(kernel, int) else tuple(kernel)

    def scaled(size: int) -> int:
        return max(1, round(size * width))

    def made(block: BlockPlan) -> BlockPlan:
        kernels = tuple(1 if size == 1 else wide for size in block.kernels)
        return block._replace(width=scaled(block.width), kernels=kernels)

    return Plan(plan.name, tuple(map(made, plan.blocks)), scaled(plan.hidden))


def first_blocks(plan: Plan, count: str) -> Plan:
    """
    Raises:
        ValueError: not a number of blocks from 1 to the plan's.
    """
    most = len(plan.blocks)
    if not count.isdecimal() or not 1 <= int(count) <= most:
        raise ValueError(f"plan {plan.name}:{count}: {plan.name} has {most} blocks, so give {plan.name}:1 to {most}")
    return plan if int(count) == most else Plan(f"{plan.name}:{int(count)}", plan.blocks[: int(count)], plan.hidden)
