"""(N, C, *S) -> (N, K): backbone + head, checked against the input it was built for."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vggx import geometry, nd
from vggx.backbone import Backbone
from vggx.blocks import ACTIVATIONS, NORMS
from vggx.heads import HEADS, Head
from vggx.init import initialise
from vggx.plans import get_plan


def check_structure(
    dims: int, classes: int, norm: str, head: str, grid: Sequence[int] | None, activation: str, dropout: float
) -> None:
    """Refuse what no net can be built of; the ledger asks the same.

    Raises:
        ValueError: naming the option and what it may be.
    """
    nd.check_dims(dims)
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(HEADS)}, not {head!r}")
    if norm not in ("none", *NORMS):
        raise ValueError(f"norm must be none or one of {', '.join(NORMS)}, not {norm!r}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {activation!r}")
    if not 0 <= dropout <= 1:
        raise ValueError(f"dropout must be a share from 0 to 1, got {dropout}")
    if classes < 1:
        raise ValueError(f"a net needs one class or more, not {classes}")
    if grid is not None and any(side < 1 for side in nd.per_axis(grid, dims)):
        raise ValueError(f"grid must be 1 or more on every axis, got {tuple(grid)}")


class VGG(nn.Module):
    """A plan of the paper in as many dimensions as its input has axes.

    Args:
        input_shape: (C, *S) of the input it is built for; the number of axes in S is `dims`. Other sizes may be
            given to `forward`, down to `smallest_input`.
        classes: K.
        plan: a name of `vggx.plans`: A, A-LRN, B, C, D, E, vgg11 to vgg19, micro, micro4, mini; "E:3" are the first
            three blocks of E.
        width: multiplies every width of the plan, fc6 and fc7 too.
        norm: "none" or "batch".
        activation: "relu" or "leaky_relu".
        head: "fc" (the paper's classifier, as convolutions) or "pooled" (global average and a linear layer).
        grid: kernel of fc6, one size per axis; the backbone's output at `input_shape` where None.
        dropout: of the head.
        kernel: odd size of the plan's 3-wide kernels, for all axes or one per axis; its 1-wide ones stay.
        pools: one per block, for all axes or one value per axis; 2 everywhere where None.
        padding: "zeros" or "replicate", for all axes or one per axis.
        init: a key of `vggx.init.INITS`: "glorot", "normal" (the paper's, std 0.01), "he", "torchvision", ...

    Raises:
        ValueError: an option that does not exist, or an input too short for the plan's pools.
    """

    head: Head

    def __init__(
        self,
        input_shape: Sequence[int],
        classes: int,
        *,
        plan: str = "D",
        width: float = 1.0,
        norm: str = "none",
        activation: str = "relu",
        head: str = "fc",
        grid: Sequence[int] | None = None,
        dropout: float = 0.5,
        kernel: int | Sequence[int] = 3,
        pools: Sequence[int | Sequence[int]] | None = None,
        padding: str | Sequence[str] = "zeros",
        init: str = "glorot",
    ):
        super().__init__()
        channels, *size = input_shape
        check_structure(len(size), classes, norm, head, grid, activation, dropout)
        self.plan = get_plan(plan, width, kernel)
        self.dims = len(size)
        self.in_channels = channels
        self.input_shape = tuple(input_shape)
        layers = geometry.backbone_layers(self.plan, self.dims, channels, pools)
        geometry.check_input(self.plan, layers, size)
        self.smallest_input = geometry.smallest_input(layers)
        self.grid = geometry.output_size(layers, size) if grid is None else nd.per_axis(grid, self.dims)
        self.padding = nd.paddings(padding, self.dims)
        self.backbone = Backbone(
            self.plan, self.dims, channels, pools=pools, norm=norm, activation=activation, padding=self.padding
        )
        self.head = HEADS[head](self.plan, classes, grid=self.grid, dropout=dropout, activation=activation)
        # those on the way to the score map, by which geometry tells what each of its places sees
        scanned = geometry.classifier_layers(self.plan, layers[-1].width, classes, self.grid)
        self.layers = layers + scanned if head == "fc" else layers
        initialise(self, init)

    def check(self, x: Tensor, valid: Tensor | None = None) -> None:
        """
        Raises:
            ValueError: not the axes or channels that the net takes, too short for its pools, a padded clip shorter than
                `least_valid`, or padding where the net repeats the last position of its input.
        """
        if valid is not None and self.padding[0] != "zeros":
            raise ValueError(f"a net with padding={self.padding[0]!r} along the first axis takes no padded clips")
        if valid is not None and (shortest := int(valid.sum(1).min())) < self.least_valid:
            raise ValueError(f"a clip of {shortest} valid steps is shorter than the net's least, {self.least_valid}")
        if x.ndim != self.dims + 2 or x.shape[1] != self.in_channels:
            axes = ", ".join(nd.AXES[self.dims])
            raise ValueError(f"the net takes (N, {self.in_channels}, {axes}), got a tensor of {tuple(x.shape)}")
        if any(have < least for have, least in zip(x.shape[2:], self.smallest_input, strict=True)):
            raise ValueError(
                f"plan {self.plan.name} takes {nd.AXES[self.dims]} of at least {self.smallest_input}, "
                f"got {tuple(x.shape[2:])}"
            )

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """
        Args:
            x: (N, C, *S)
            valid: (N, S[0]), which positions of the first axis are input; the others pad a shorter clip with zeros, and
                the answer is what the clip gets alone. All where None.
        """
        return self.head(*self.maps(x, valid))

    def maps(self, x: Tensor, valid: Tensor | None = None) -> tuple[list[Tensor], Tensor | None]:
        """(N, C, *S), valid (N, S[0]) -> a map of each block as the head takes them, and what is valid of the last."""
        self.check(x, valid)
        return self.backbone(x, valid), self.backbone.valid_after(valid)

    def score_map(self, x: Tensor) -> Tensor:
        """(N, C, *S) -> (N, K, *S'): the scores of every place at which the head has its grid; `forward` is their mean.

        An axis shorter than the grid has one place (section 3.2 of the paper).
        """
        return self.head.score_map(self.maps(x)[0])

    def penultimate(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """(N, C, *S), valid (N, S[0]) -> (N, D): what the last layer makes the answer of, averaged over all places."""
        return self.head.penultimate(*self.maps(x, valid))

    @property
    def least_valid(self) -> int:
        """The least positions along the first axis from which the head has its whole grid."""
        return self.smallest_input[0] * self.grid[0]


def scaled(x: Tensor) -> Tensor:
    """Bytes 0..255 -> floats 0..1; floats as float32."""
    return x.float() if x.is_floating_point() else x.float() / 255


class Normalise(nn.Module):
    """(N, C, *S) bytes or floats -> float32: scaled, then (x - mean) / std, by channel or one value for all."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        if len(mean) != len(std) or not all(value > 0 for value in std):
            raise ValueError(f"mean and std need as many values, and std positive ones: {mean}, {std}")
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        if len(self.mean) not in (1, x.shape[1]):
            raise ValueError(f"mean and std are of {len(self.mean)} channels, got a tensor of {tuple(x.shape)}")
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return (scaled(x) - self.mean.view(shape)) / self.std.view(shape)


class PreparedNet(nn.Module):
    """A batch as the datamodule gives it -> (N, K): prepare, normalise, [augment], net.

    What turns a file's content into the net's input is a part of the net and travels with its weights, so that no
    later user can feed it something else.

    Args:
        vgg: the net.
        normalise: with the statistics of the training data.
        prepare: (x, lengths or None) -> (maps, valid or None): the log-mel front-end for sound, which takes its own
            maps too, where a datamodule keeps them; None for pixels.
        augment: (maps, valid or None) -> maps, in training alone, on the normalised maps.
    """

    def __init__(
        self, vgg: VGG, normalise: Normalise, prepare: nn.Module | None = None, augment: nn.Module | None = None
    ):
        super().__init__()
        self.prepare, self.augment = prepare, augment
        self.normalise = normalise
        self.vgg = vgg

    def prepared(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """(N, ...) and (N,), how long each clip is where they differ -> (N, C, *S) as measured, valid (N, S[0])"""
        return (x, None) if self.prepare is None else self.prepare(x, lengths)

    def eaten(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """What the net eats of a batch: normalised, augmented in training, zero where not valid; and what is valid."""
        x, valid = self.prepared(x, lengths)
        x = self.normalise(x)
        if self.augment is not None and self.training:
            x = self.augment(x, valid)
        return nd.zero_padding(x, valid), valid

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.vgg(*self.eaten(x, lengths))

    def score_map(self, x: Tensor) -> Tensor:
        """(N, ...) -> (N, K, *S'): as `VGG.score_map`, of a batch as the datamodule gives it."""
        return self.vgg.score_map(self.eaten(x)[0])

    def penultimate(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(N, ...), (N,) -> (N, D): as `VGG.penultimate`, of a batch as the datamodule gives it."""
        return self.vgg.penultimate(*self.eaten(x, lengths))
