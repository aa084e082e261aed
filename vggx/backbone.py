"""(N, C, *S) -> [(N, width, *S'), ...]: the blocks of a net, one map per block."""

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from vggx import nd
from vggx.spec.net import NetSpec, block_name
from vggx.spec.parts import BLOCKS, part


class Backbone(nn.Sequential):
    """The convolutional part of a net; blocks are called block1, block2, ...

    Args:
        spec: of the net.

    Raises:
        ValueError: as the blocks.
    """

    def __init__(self, spec: NetSpec):
        blocks = OrderedDict[str, nn.Module]()
        for number, (block, feed) in enumerate(zip(spec.blocks, spec.feeds(), strict=True), 1):
            name = block_name(number)
            blocks[name] = nd.named(part(BLOCKS, "block", block.kind).build(block, feed, number), name)
        super().__init__(blocks)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> list[Tensor]:
        """
        Args:
            x: (N, C, *S)
            valid: (N, S[0]), which positions of the first axis are input and not padding; all where None.
        """
        maps = []
        for block in self.blocks():
            x, valid = block(x, valid), block.valid_after(valid)
            maps.append(x)
        return maps

    def valid_after(self, valid: Tensor | None) -> Tensor | None:
        """What is valid of the last map: L positions become L // s at every pool of s."""
        for block in self.blocks():
            valid = block.valid_after(valid)
        return valid

    def blocks(self) -> list[Any]:
        """Modules that take (x, valid) and tell `valid_after`."""
        return list(self)
