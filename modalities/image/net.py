"""(N, C, H, W) bytes -> (N, K): VGG in dims 2."""

from modalities.image.options import Data, Net
from modalities.image.spec import spec as spec_of
from vggx.data.colours import colour_shift
from vggx.net import VGG, Normalise, PreparedNet
from vggx.spec.net import NetSpec


def build(options: Net, data: Data, outputs: int, spec: NetSpec | None = None) -> PreparedNet:
    """The net of these options, or of a spec that was saved with its weights.

    Raises:
        ValueError: as `VGG`, or statistics that do not fit the channels.
    """
    vgg = VGG.of(spec or spec_of(options, data, outputs), options.scheme())
    mean, std = options.statistics(vgg.in_channels)
    return PreparedNet(vgg, Normalise(mean, std), augment=colour_shift(data, vgg.in_channels, std))
