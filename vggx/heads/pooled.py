"""[..., (N, C, *S)] -> (N, K): global average, then one linear layer."""

from collections.abc import Sequence

from torch import Tensor, nn

from vggx import nd
from vggx.spec.parts import Feed
from vggx.spec.words import HeadSpec


class PooledClassifier(nn.Module):
    """The small classifier of later nets (Lin et al., "Network in Network", section 3.2): no size to fit.

    Args:
        in_channels: C of the last map.
        classes: K.
        dropout: share of the averaged channels dropped in training.
    """

    def __init__(self, in_channels: int, classes: int, *, dropout: float = 0.5):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(in_channels, classes)

    @classmethod
    def of_spec(cls, head: HeadSpec, maps: Sequence[Feed]) -> "PooledClassifier":
        """The grid, the widths and the activation have no part in this head."""
        return cls(maps[-1].channels, head.outputs, dropout=head.dropout)

    def score_map(self, maps: list[Tensor]) -> Tensor:
        """[..., (N, C, *S)] -> (N, K, *S): the scores of every position, whose mean is the answer; the class activation
        maps of Zhou et al. (2016), with the bias.
        """
        return self.fc(maps[-1].movedim(1, -1)).movedim(-1, 1)

    def penultimate(self, maps: list[Tensor], valid: Tensor | None = None) -> Tensor:
        """[..., (N, C, *S)], (N, T) -> (N, C): the averaged map, of which the linear layer makes the answer."""
        return nd.mean_over_axes(maps[-1], valid)

    def forward(self, maps: list[Tensor], valid: Tensor | None = None) -> Tensor:
        return self.fc(self.dropout(self.penultimate(maps, valid)))
