"""(N, C, H, W) bytes -> (N, K): VGG in dims 2."""

from modalities.image.options import Data, Net
from vggx.net import VGG, Normalise, PreparedNet


def image_net(options: Net, data: Data, classes: int) -> PreparedNet:
    """The net of these options.

    Raises:
        ValueError: as `VGG`, or statistics that do not fit the channels.
    """
    vgg = VGG(classes=classes, **options.vgg_arguments(data))
    return PreparedNet(vgg, Normalise(*options.statistics(vgg.in_channels)))
