"""The only places where network layers are put together: a unit, and a block of units."""

from vggx.blocks.unit import ACTIVATIONS, NORMS, ConvUnit
from vggx.blocks.vgg import VGGBlock

__all__ = ["ACTIVATIONS", "NORMS", "ConvUnit", "VGGBlock"]
