"""[..., (N, C, *S)] -> (N, K): the paper's three fully connected layers, written as convolutions."""

from collections.abc import Sequence

from torch import Tensor, nn

from vggx import nd
from vggx.blocks.unit import activation_layer
from vggx.spec.parts import Feed
from vggx.spec.words import HeadSpec


class ConvClassifier(nn.Module):
    """fc6 with the kernel of its grid, fc7 and fc8 of kernel 1; the answer is the mean of the score map.

    On a map of the grid's size this is the paper's classifier; on a larger one it is scanned over every position
    (section 3.2 of the paper). An axis shorter than the grid is first average-pooled up to it.

    Args:
        in_channels: C of the last map.
        hidden: width of fc6 and fc7, or one of each.
        classes: K.
        grid: kernel of fc6, one size per axis.
        dropout: share of fc6's and fc7's outputs dropped in training.
        activation: as in `ConvUnit`.
    """

    def __init__(
        self,
        in_channels: int,
        hidden: int | Sequence[int],
        classes: int,
        *,
        grid: Sequence[int],
        dropout: float = 0.5,
        activation: str = "relu",
    ):
        super().__init__()
        conv = nd.PRODUCT[len(grid)]
        self.grid = tuple(grid)
        first, second = (hidden, hidden) if isinstance(hidden, int) else hidden
        self.fc6 = conv(in_channels, first, self.grid)
        self.fc7 = conv(first, second, 1)
        self.fc8 = conv(second, classes, 1)
        self.act = activation_layer(activation)
        self.dropout = nn.Dropout(dropout)

    @classmethod
    def of_spec(cls, head: HeadSpec, maps: Sequence[Feed]) -> "ConvClassifier":
        channels = maps[-1].channels
        return cls(
            channels, head.widths, head.outputs, grid=head.grid, dropout=head.dropout, activation=head.activation
        )

    def score_map(self, maps: list[Tensor]) -> Tensor:
        """[..., (N, C, *S)] -> (N, K, *(S - grid + 1))"""
        return self.fc8(self.dropout(self.hidden_map(maps)))

    def hidden_map(self, maps: list[Tensor]) -> Tensor:
        """[..., (N, C, *S)] -> (N, hidden, *(S - grid + 1)): fc7 after its activation."""
        x = nd.channels_behind(nd.pool_up(maps[-1], self.grid))
        x = self.dropout(self.act(self.fc6(x)))
        return self.act(self.fc7(x))

    def penultimate(self, maps: list[Tensor], valid: Tensor | None = None) -> Tensor:
        """[..., (N, C, *S)], (N, T) -> (N, hidden): fc7 after its activation, averaged over all places, which fc8
        makes the answer of; the paper's descriptor of a picture (appendix B).
        """
        return nd.mean_over_axes(self.hidden_map(maps), self.valid_places(valid))

    def valid_places(self, valid: Tensor | None) -> Tensor | None:
        """(N, T) -> (N, T - grid + 1): a score is valid where the last step that fc6 saw for it is."""
        return nd.valid_after(valid, self.grid[0], 1)

    def forward(self, maps: list[Tensor], valid: Tensor | None = None) -> Tensor:
        return nd.mean_over_axes(self.score_map(maps), self.valid_places(valid))
