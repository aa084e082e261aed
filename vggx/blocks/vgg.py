"""(N, C, *S) -> (N, width, *(S // pool)): units, then a max pool; layers are named as in the paper."""

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

from vggx import nd
from vggx.blocks.unit import ConvUnit


def local_response_norm() -> nn.Module:
    """The paper's LRN: k = 2, n = 5, alpha = 1e-4, beta = 0.75. torch divides alpha by n, hence the product."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)


class VGGBlock(nn.Sequential):
    """One ConvUnit per kernel, then a max pool whose stride is its kernel.

    Args:
        dims: number of spatial axes, 1 to 3.
        in_channels: C.
        width: output channels of every unit.
        number: the block's number, which names its layers: conv3_1, conv3_2, ..., pool3.
        kernels: per unit an odd size, for all axes or one per axis.
        pool: for all axes or one per axis; 1 leaves an axis alone.
        lrn: local response normalisation after the first unit (plan A-LRN).
        norm, activation, padding: as in `ConvUnit`.

    Raises:
        ValueError: as `ConvUnit`, or a pool that does not fit the axes.
    """

    def __init__(
        self,
        dims: int,
        in_channels: int,
        width: int,
        *,
        number: int = 1,
        kernels: Sequence[int | Sequence[int]] = (3, 3),
        pool: int | Sequence[int] = 2,
        lrn: bool = False,
        norm: str = "none",
        activation: str = "relu",
        padding: str | Sequence[str] = "zeros",
    ):
        layers: list[tuple[str, nn.Module]] = []
        for index, kernel in enumerate(kernels, 1):
            unit = ConvUnit(dims, in_channels, width, kernel=kernel, norm=norm, activation=activation, padding=padding)
            layers.append((f"conv{number}_{index}", unit))
            if lrn and index == 1:
                layers.append((f"lrn{number}", local_response_norm()))
            in_channels = width
        sides = nd.per_axis(pool, dims)
        layers.append((f"pool{number}", nd.MAX_POOL[dims](sides)))
        super().__init__(OrderedDict(layers))
        self.pool = sides

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """(N, C, *S), valid (N, S[0]) as in `ConvUnit` -> (N, width, *(S // pool)), 0 where `valid_after` is not"""
        for layer in self:
            x = layer(x, valid) if isinstance(layer, ConvUnit) else layer(x)
        return nd.zero_padding(x, self.valid_after(valid))

    def valid_after(self, valid: Tensor | None) -> Tensor | None:
        """(N, T) -> (N, T // pool): L valid positions become L // pool."""
        return nd.valid_after(valid, self.pool[0], self.pool[0])
