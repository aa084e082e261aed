"""options -> the spec of a net in dims 1, along time."""

from modalities.audio.framing import framing
from modalities.audio.options import Data, Net
from vggx import geometry
from vggx.options import given
from vggx.planned import plan_spec
from vggx.plans import get_plan
from vggx.spec.net import NetSpec

FREQUENCY = ("channels", "pooled")


def steps_after(steps: int, pools: list[int]) -> int:
    """T_L of T_0 steps: every pool of s divides by s and rounds down; T_0 / s^L for L pools of s."""
    for pool in pools:
        steps //= pool
    return steps


def matching_pools(steps: int, bands: int, blocks: int) -> list[int]:
    """A pool of 2 or 1 for each block, so that T_L comes nearest to F' = `bands`; the 2s stand first."""
    choices = [[2] * count + [1] * (blocks - count) for count in range(blocks + 1)]
    return min(choices, key=lambda pools: abs(steps_after(steps, pools) - bands))


def spec(options: Net, data: Data, outputs: int) -> NetSpec:
    """Mel bands are channels, or there is one channel and the bands are rows of the batch.

    Raises:
        ValueError: an unknown `frequency`, more bands than mels, a grid that would reach across bands, not one time
            pool per block, or as `framing.settings`.
    """
    if options.frequency not in FREQUENCY:
        raise ValueError(f"modality.net.frequency must be one of {', '.join(FREQUENCY)}, not {options.frequency!r}")
    common = options.plan_options()
    plan = get_plan(common.get("plan", "D"))
    steps = framing(options, data).steps(data.input_shape()[0])
    pools = options.time_pools or [2] * len(plan.blocks)
    channels, bands = given(options.mels, "mels"), None
    if options.frequency == "pooled":
        bands = given(options.bands, "bands")
        if not 1 <= bands <= channels:
            raise ValueError(f"modality.net.bands={bands} must lie in 1..{channels}, the number of mels")
        if options.grid not in (None, [1]):
            raise ValueError(
                f"modality.net.grid={options.grid}: bands lie side by side along time, the grid must be [1]"
            )
        channels = 1
        pools = options.time_pools or matching_pools(steps, bands, len(plan.blocks))
    return plan_spec((channels, steps), outputs, **({"grid": (1,)} | common), pools=pools, bands=bands)


def least_steps(options: Net, data: Data) -> int:
    """The fewest steps that the net of these options takes, `VGG.least_valid`, without building it."""
    made = spec(options, data, 1)
    return geometry.smallest_input(made.backbone)[0] * made.head.grid[0]
