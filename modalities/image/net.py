"""(N, C, H, W) bytes -> (N, K): VGG in dims 2."""

from typing import Any

from modalities.image.options import Data, Net
from vggx.data.colours import colour_shift
from vggx.net import VGG, Normalise, PreparedNet


def vgg_arguments(options: Net, data: Data) -> dict[str, Any]:
    return {"input_shape": data.input_shape(), **options.common_arguments()}


def build(options: Net, data: Data, outputs: int) -> PreparedNet:
    """The net of these options.

    Raises:
        ValueError: as `VGG`, or statistics that do not fit the channels.
    """
    vgg = VGG(classes=outputs, **vgg_arguments(options, data))
    mean, std = options.statistics(vgg.in_channels)
    return PreparedNet(vgg, Normalise(mean, std), augment=colour_shift(data, vgg.in_channels, std))
