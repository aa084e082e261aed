"""(N, samples) -> (N, K): front-end, then VGG in dims 1 along time."""

from torch import nn

from modalities.audio.augment import spec_augment
from modalities.audio.framing import settings
from modalities.audio.frontend import Frontend, make
from modalities.audio.frontend.levels import BandPool, Chain, ClipLevels
from modalities.audio.options import Data, Net
from modalities.audio.spec import spec as spec_of
from vggx.folded import net_of
from vggx.net import Normalise, PreparedNet
from vggx.options import given
from vggx.spec.net import NetSpec


def make_frontend(options: Net, data: Data, least: int = 1) -> Frontend:
    """The front-end of these options; a clip gives at least so many steps."""
    return make(options.frontend, least=least, **settings(options, data))


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


def build(options: Net, data: Data, outputs: int, spec: NetSpec | None = None) -> PreparedNet:
    """The net of these options, or of a spec that was saved with its weights, its front-end in it.

    Raises:
        ValueError: as `VGG`, `frontend.make` and `preparation`, or statistics of more than the one value that
            stands for all bands.
    """
    vgg = net_of(spec or spec_of(options, data, outputs), options.scheme())
    frontend = preparation(make_frontend(options, data, vgg.least_valid), options)
    bands = given(options.bands if options.frequency == "pooled" else options.mels, "bands")
    augment = spec_augment(data, bands)
    if augment is not None and options.normalize == "none" and options.mean is None:
        raise ValueError(
            "modality.data.frequency_mask and time_mask put 0 in the place of what they hide, which is the mean of "
            "normalised maps alone: take modality.net.normalize=dataset"
        )
    return PreparedNet(vgg, Normalise(*options.statistics(1)), frontend, augment)
