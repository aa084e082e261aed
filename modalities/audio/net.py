"""(N, samples) -> (N, K): front-end, then VGG in dims 1 along time."""

from typing import Any

from torch import Tensor, nn

from modalities.audio.augment import spec_augment
from modalities.audio.frontend import Frontend, make
from modalities.audio.frontend.levels import BandPool, Chain, ClipLevels
from modalities.audio.options import Data, Net
from vggx import geometry
from vggx.net import VGG, Normalise, PreparedNet
from vggx.options import given
from vggx.plans import get_plan

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


class FoldedVGG(VGG):
    """(N, F', T) -> (N, K): every band goes through the same dims 1 net as one channel; the head averages them all.

    The bands are folded into the batch, (N F', 1, T); the maps (N F', C, T_L) are laid side by side as (N, C, F' T_L),
    so that a head with a kernel of one step averages over bands and time.
    """

    def maps(self, x: Tensor, valid: Tensor | None = None) -> tuple[list[Tensor], Tensor | None]:
        if x.ndim != 3:
            raise ValueError(f"the net takes (N, bands, time), got a tensor of {tuple(x.shape)}")
        count, bands, _ = x.shape
        folded = x.flatten(0, 1)[:, None]
        rows = None if valid is None else valid.repeat_interleave(bands, 0)
        self.check(folded, rows)
        maps = self.backbone(folded, rows)
        laid = [m.unflatten(0, (count, bands)).transpose(1, 2).flatten(2) for m in maps]
        after = self.backbone.valid_after(valid)
        return laid, None if after is None else after.repeat(1, bands)

    def score_map(self, x: Tensor) -> Tensor:
        """(N, F', T) -> (N, K, F', T'): every band's scores along time."""
        return super().score_map(x).unflatten(2, (x.shape[1], -1))


def vgg_arguments(options: Net, data: Data) -> dict[str, Any]:
    """The arguments of `VGG`: mel bands are channels, or there is one channel and the bands are rows of the batch.

    Raises:
        ValueError: an unknown `frequency`, more bands than mels, a grid that would reach across bands, not one time
            pool per block, or as `frontend.make`.
    """
    if options.frequency not in FREQUENCY:
        raise ValueError(f"modality.net.frequency must be one of {', '.join(FREQUENCY)}, not {options.frequency!r}")
    common = options.common_arguments()
    plan = get_plan(common.get("plan", "D"))
    steps = make_frontend(options, data).steps(data.input_shape()[0])
    pools = options.time_pools or [2] * len(plan.blocks)
    channels = given(options.mels, "mels")
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
    return {"input_shape": (channels, steps), "pools": pools, "grid": (1,)} | common


def make_frontend(options: Net, data: Data, least: int = 1) -> Frontend:
    """The front-end of these options; a clip gives at least so many steps."""
    settings: dict[str, Any] = {name: given(getattr(options, name), name) for name in ("n_fft", "hop", "mels")}
    free = {name: getattr(options, name) for name in ("f_min", "f_max", "mel_scale")}
    settings |= {name: value for name, value in free.items() if value is not None}
    return make(options.frontend, sample_rate=given(data.sample_rate, "sample_rate"), least=least, **settings)


def least_steps(options: Net, data: Data) -> int:
    """The fewest steps that the net of these options takes, `VGG.least_valid`, without building it."""
    arguments = vgg_arguments(options, data)
    layers = geometry.backbone_layers(get_plan(arguments.get("plan", "D")), 1, 1, arguments["pools"])
    return geometry.smallest_input(layers)[0] * arguments["grid"][0]


def preparation(frontend: Frontend, options: Net) -> nn.Module:
    """The front-end, and behind it what the options do to its maps.

    Raises:
        ValueError: a floor that is not below the loudest cell.
    """
    after: list[nn.Module] = []
    floor = options.floor_db
    if floor is not None and not floor > 0:
        raise ValueError(f"modality.net.floor_db must be more than 0 dB below a clip's loudest cell, not {floor}")
    if floor is not None or options.subtract_mean:
        after.append(ClipLevels(None if floor is None else floor * frontend.DECIBEL, options.subtract_mean))
    if options.frequency == "pooled":
        after.append(BandPool(options.rows()))
    return Chain(frontend, *after) if after else frontend


def build(options: Net, data: Data, outputs: int) -> PreparedNet:
    """The net of these options, its front-end in it.

    Raises:
        ValueError: as `VGG`, `frontend.make` and `preparation`, or statistics of more than the one value that
            stands for all bands.
    """
    kind = FoldedVGG if options.frequency == "pooled" else VGG
    vgg = kind(classes=outputs, **vgg_arguments(options, data))
    frontend = preparation(make_frontend(options, data, vgg.least_valid), options)
    bands = given(options.bands if options.frequency == "pooled" else options.mels, "bands")
    augment = spec_augment(data, bands)
    if augment is not None and options.normalize == "none" and options.mean is None:
        raise ValueError(
            "modality.data.frequency_mask and time_mask put 0 in the place of what they hide, which is the mean of "
            "normalised maps alone: take modality.net.normalize=dataset"
        )
    return PreparedNet(vgg, Normalise(*options.statistics(1)), frontend, augment)
