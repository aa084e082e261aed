"""(N, C, *S) -> [(N, width, *S'), ...]: the blocks of a plan, one map per block."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from vggx.blocks import VGGBlock
from vggx.geometry import block_pools
from vggx.plans import Plan


class Backbone(nn.Sequential):
    """The convolutional part of a plan; blocks are called block1, block2, ...

    Args:
        plan: from `vggx.plans.get_plan`.
        dims: number of spatial axes, 1 to 3.
        in_channels: C.
        pools: one per block, for all axes or one value per axis; 2 everywhere where none are given.
        norm, activation, padding: as in `ConvUnit`.

    Raises:
        ValueError: as `VGGBlock`, or pools that do not fit the plan.
    """

    def __init__(
        self,
        plan: Plan,
        dims: int,
        in_channels: int,
        *,
        pools: Sequence[int | Sequence[int]] | None = None,
        norm: str = "none",
        activation: str = "relu",
        padding: str | Sequence[str] = "zeros",
    ):
        blocks = OrderedDict[str, nn.Module]()
        for number, (block, pool) in enumerate(zip(plan.blocks, block_pools(plan, dims, pools), strict=True), 1):
            blocks[f"block{number}"] = VGGBlock(
                dims,
                in_channels,
                block.width,
                number=number,
                kernels=block.kernels,
                pool=pool,
                lrn=block.lrn,
                norm=norm,
                activation=activation,
                padding=padding,
            )
            in_channels = block.width
        super().__init__(blocks)
        self.width = in_channels

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

    def blocks(self) -> list[VGGBlock]:
        return cast(list[VGGBlock], list(self))
