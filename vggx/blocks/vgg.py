"""(N, C, *S) -> (N, width, *S'): units, [extras], a pool; layers are named as in the paper."""

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from vggx import nd
from vggx.blocks import unit_layers
from vggx.blocks.unit import ConvUnit, pool_layer
from vggx.spec.parts import EXTRAS, Feed, part
from vggx.spec.words import BlockSpec


def local_response_norm() -> nn.Module:
    """The paper's LRN: k = 2, n = 5, alpha = 1e-4, beta = 0.75. torch divides alpha by n, hence the product."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)


class VGGBlock(nn.Sequential):
    """One ConvUnit per convolution, then what else the block has, and its pool.

    Args:
        dims: number of spatial axes, 1 to 3.
        in_channels: C.
        width: output channels of every unit, or all of the block as a `BlockSpec`.
        number: the block's number, which names its layers: conv3_1, conv3_2, ..., pool3.
        words: as `BlockSpec.of` takes them: kernels, pool, lrn, norm, activation, padding.

    Raises:
        ValueError: as `BlockSpec.of`.
    """

    def __init__(self, dims: int, in_channels: int, width: int | BlockSpec, *, number: int = 1, **words: Any):
        block = width if isinstance(width, BlockSpec) else BlockSpec.of(dims, width, **words)
        super().__init__()
        self.block = block
        self.extras = {f"{extra.name}{number}" for extra in block.extras}
        feed = Feed("", in_channels, dims, f"block{number}")
        for index, unit in enumerate(block.units, 1):
            name = f"conv{number}_{index}"
            self.add_module(name, ConvUnit(dims, feed.channels, unit, name=name))
            feed = replace(feed, channels=unit.width)
            if block.lrn and index == 1:
                self.add_module(f"lrn{number}", local_response_norm())
        for extra in block.extras:
            name = f"{extra.name}{number}"
            self.add_module(name, nd.named(part(EXTRAS, "extra", extra.name).build(extra, feed, name), name))
        if block.pool is not None:
            for layer in unit_layers.pool_layers(block.pool, feed, f"pool{number}"):
                made = nd.Pad(layer.pads, layer.mode) if layer.kind == "pad" else pool_layer(layer)
                self.add_module(layer.name.replace(".", "_"), made)
        if block.dropout:
            self.add_module(f"drop{number}", nn.Dropout(block.dropout))
        nd.named(self, f"block{number}")

    @classmethod
    def of_spec(cls, block: BlockSpec, feed: Feed, number: int) -> "VGGBlock":
        return cls(feed.dims, feed.channels, block, number=number)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """(N, C, *S), valid (N, S[0]) as in `ConvUnit` -> (N, width, *S'), 0 where `valid_after` is not"""
        after = self.valid_after(valid)
        for name, layer in self.named_children():
            if isinstance(layer, ConvUnit):
                x, valid = layer(x, valid), layer.valid_after(valid)
            else:
                # the layers of torch know nothing of padding
                x = layer(x, valid) if name in self.extras else layer(x)
        return nd.zero_padding(x, after)

    def valid_after(self, valid: Tensor | None) -> Tensor | None:
        """(N, T) -> (N, T'): of a pool of s L valid positions become L // s."""
        for layer in self:
            valid = layer.valid_after(valid) if isinstance(layer, ConvUnit) else valid
        pool = self.block.pool
        return valid if pool is None else nd.valid_after(valid, pool.kernel[0], pool.stride[0], sum(pool.pads[0]))
