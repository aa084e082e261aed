"""(N, C, *S) -> (N, width, *S'): convolution -> [norm] -> activation; what pads a shorter clip stays 0."""

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from vggx import nd
from vggx.blocks import unit_layers
from vggx.dims import check_dims
from vggx.spec.layer import Layer
from vggx.spec.lazy import resolved
from vggx.spec.parts import Feed
from vggx.spec.words import ACTIVATIONS, NORMS, ConvSpec, choose


def leaky_relu() -> nn.Module:
    return nn.LeakyReLU(0.01)


def activation_layer(name: str) -> nn.Module:
    choose("activation", name, ACTIVATIONS)
    made: nn.Module = resolved(ACTIVATIONS[name])()
    return made


def conv_layer(layer: Layer) -> nn.Module:
    return nd.CONV[layer.dims](
        layer.in_channels,
        layer.channels,
        layer.kernel,
        stride=layer.stride,
        padding=tuple(before for before, _ in layer.pads),
        dilation=layer.dilation,
        groups=layer.groups,
        bias=layer.bias,
    )


def pool_layer(layer: Layer) -> nn.Module:
    pads = tuple(before for before, _ in layer.pads)
    return nd.POOL[layer.mode][layer.dims](layer.kernel, stride=layer.stride, padding=pads, ceil_mode=layer.ceil)


class ConvUnit(nn.Sequential):
    """conv -> [norm] -> activation, in any number of dimensions.

    Args:
        dims: number of spatial axes, 1 to 3.
        in_channels: C.
        width: output channels, or all of it as a `ConvSpec`.
        name: of its convolution in the net.
        words: as `ConvSpec.of` takes them: kernel, padding, norm, activation, ...

    Raises:
        ValueError: an unknown norm, activation or padding, or an even kernel.
    """

    def __init__(self, dims: int, in_channels: int, width: int | ConvSpec, *, name: str = "conv", **words: Any):
        check_dims(dims)
        unit = width if isinstance(width, ConvSpec) else ConvSpec.of(dims, width, **words)
        # torchvision's batch-norm nets keep the bias that the norm makes idle; so do these, to share their weights
        layers = []
        for layer in unit_layers.layers(unit, Feed("", in_channels, dims, ""), name):
            own = layer.name.partition(".")[2] or "conv"
            layers.append((own, nd.named(self.make(layer, unit), layer.name)))
        super().__init__(OrderedDict(layers))
        self.unit = unit

    @staticmethod
    def make(layer: Layer, unit: ConvSpec) -> nn.Module:
        if layer.kind == "pad":
            return nd.Pad(layer.pads, layer.mode)
        if layer.kind == "norm":
            norm: nn.Module = resolved(NORMS[layer.mode])[layer.dims](layer.channels, eps=unit.eps)
            return norm
        return activation_layer(layer.mode) if layer.kind == "act" else conv_layer(layer)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """
        Args:
            x: (N, C, *S)
            valid: (N, S[0]), which positions of the first axis are input and not padding; all where None.
        """
        for name, layer in self.named_children():
            if name == "conv":
                x, valid = layer(x), self.valid_after(valid)
            else:
                measured = name == "norm" and self.training
                x = nd.on_valid(layer, x, valid) if measured and valid is not None else layer(x)
        return nd.zero_padding(x, valid)

    def valid_after(self, valid: Tensor | None) -> Tensor | None:
        """(N, T) -> what is valid of its map."""
        unit = self.unit
        return nd.valid_after(valid, unit.dilation[0] * (unit.kernel[0] - 1) + 1, unit.stride[0], sum(unit.pads[0]))
