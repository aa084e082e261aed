"""(N, samples) -> (N, K): log-mel front-end, then VGG in dims 1 along time."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from modalities.audio.frontend import LogMel
from modalities.audio.options import Data, Net
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


class BandPool(nn.Module):
    """(N, F, T) -> (N, F', T): the mean over equal shares of the frequency axis."""

    def __init__(self, bands: int):
        super().__init__()
        self.bands = bands

    def forward(self, x: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(x, (self.bands, x.shape[-1]))


class FoldedVGG(VGG):
    """(N, F', T) -> (N, K): every band goes through the same dims 1 net as one channel; the head averages them all.

    The bands are folded into the batch, (N F', 1, T); the maps (N F', C, T_L) are laid side by side as (N, C, F' T_L),
    so that a head with a kernel of one step averages over bands and time.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 3:
            raise ValueError(f"the net takes (N, bands, time), got a tensor of {tuple(x.shape)}")
        count, bands, _ = x.shape
        folded = x.flatten(0, 1)[:, None]
        self.check(folded)
        maps = self.backbone(folded)
        laid = [m.unflatten(0, (count, bands)).transpose(1, 2).flatten(2) for m in maps]
        return self.head(laid)


def vgg_arguments(options: Net, data: Data) -> dict[str, Any]:
    """The arguments of `VGG`: mel bands are channels, or there is one channel and the bands are rows of the batch.

    Raises:
        ValueError: an unknown `frequency`, more bands than mels, a grid that would reach across bands, or not one
            time pool per block.
    """
    if options.frequency not in FREQUENCY:
        raise ValueError(f"modality.net.frequency must be one of {', '.join(FREQUENCY)}, not {options.frequency!r}")
    if given(options.hop, "hop") < 1 or given(options.n_fft, "n_fft") < 2:
        raise ValueError(f"modality.net.hop and n_fft must be 1 and 2 or more, got {options.hop} and {options.n_fft}")
    common = options.common_arguments()
    plan = get_plan(common.get("plan", "D"))
    steps = data.input_shape()[0] // given(options.hop, "hop") + 1
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


def build(options: Net, data: Data, classes: int) -> PreparedNet:
    """The net of these options, its front-end in it.

    Raises:
        ValueError: as `VGG` and `LogMel`, or statistics of more than the one value that stands for all bands.
    """
    frontend: nn.Module = LogMel(
        given(data.sample_rate, "sample_rate"),
        n_fft=given(options.n_fft, "n_fft"),
        hop=given(options.hop, "hop"),
        mels=given(options.mels, "mels"),
        f_min=options.f_min,
        f_max=options.f_max,
        mel_scale=options.mel_scale,
    )
    kind = VGG
    if options.frequency == "pooled":
        frontend, kind = nn.Sequential(frontend, BandPool(options.rows())), FoldedVGG
    vgg = kind(classes=classes, **vgg_arguments(options, data))
    return PreparedNet(vgg, Normalise(*options.statistics(1)), frontend)
