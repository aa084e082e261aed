"""(N, C, *S) -> (N, K): backbone + head, checked against the input it was built for."""

from collections.abc import Sequence
from typing import Any, Self, Unpack

import torch
from torch import Tensor, nn

from vggx import geometry, nd
from vggx.backbone import Backbone
from vggx.dims import AXES
from vggx.init import initialise
from vggx.planned import PlanOptions, plan_spec
from vggx.spec.layer import HEAD, Layer
from vggx.spec.net import NetSpec
from vggx.spec.parts import HEADS, part


class VGG(nn.Module):
    """A net in as many dimensions as its input has axes.

    Args:
        input_shape: (C, *S) of the input it is built for; the number of axes in S is `dims`. Other sizes may be
            given to `forward`, down to `smallest_input`.
        outputs: K.
        init: a key of `vggx.init.INITS`: "glorot", "normal" (the paper's, std 0.01), "he", "torchvision", ...
        options: of the plan and what is chosen besides, see `vggx.planned.PlanOptions`.

    Attributes:
        spec: the description that it is made of.

    Raises:
        ValueError: an option that does not exist, or an input too short for the plan's pools.
    """

    head: Any  # a module that takes (maps, valid)

    def __init__(
        self, input_shape: Sequence[int], outputs: int, *, init: str = "glorot", **options: Unpack[PlanOptions]
    ):
        super().__init__()
        self.make(plan_spec(input_shape, outputs, **options), init)

    @classmethod
    def of(cls, spec: NetSpec, init: str = "glorot") -> Self:
        """The net of a spec, its weights drawn by `init`."""
        net = cls.__new__(cls)
        nn.Module.__init__(net)
        net.make(spec, init)
        return net

    def make(self, spec: NetSpec, init: str) -> None:
        self.spec = spec
        geometry.check_input(spec)
        self.smallest_input = geometry.smallest_input(spec.backbone)
        # a pool that is padded or rounds up along time would take what pads a clip for a part of it
        pools = [layer for layer in spec.backbone if layer.kind == "pool" and (layer.ceil or any(layer.pads[0]))]
        self.unmasked = pools[0].name if pools else None
        self.backbone = Backbone(spec)
        self.head = nd.named(part(HEADS, "head", spec.head.name).build(spec.head, spec.maps()), HEAD)
        for name, layer in self.head.named_children():
            if not hasattr(layer, "layer_name"):
                nd.named(layer, name)
        self.check_description()
        initialise(self.backbone, init)
        initialise(self.head, init, head=True)

    def check_description(self) -> None:
        """
        Raises:
            ValueError: a part whose module has other parameters than its layers tell, by which cost and rates go.
        """
        keys = self.layer_keys()
        there = {keys[name]: tuple(parameter.shape) for name, parameter in self.named_parameters()}
        told = {
            f"{layer.name}.{own}": shape for layer in self.spec.layers() for own, shape in layer.parameters().items()
        }
        for name in dict.fromkeys([*there, *told]):
            if there.get(name) != told.get(name):
                raise ValueError(
                    f"the modules of a part and its layers differ: {name} is {there.get(name)} in the net and "
                    f"{told.get(name)} in its description (docs/add_a_block.md)"
                )

    @property
    def dims(self) -> int:
        return self.spec.dims

    @property
    def in_channels(self) -> int:
        return self.spec.in_channels

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.spec.input_shape

    @property
    def grid(self) -> tuple[int, ...]:
        return self.spec.head.grid

    @property
    def padding(self) -> tuple[str, ...]:
        return self.spec.padding

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Those on the way to the score map, by which geometry tells what each of its places sees."""
        return self.spec.scanned()

    def layer_keys(self) -> dict[str, str]:
        """{key of the state dict: name of the layer, and what of it the tensor is}: conv3_3.weight, fc6.bias."""
        return nd.layer_keys(self)

    def part(self, name: str) -> nn.Module:
        """The module of a part: block1, ..., head."""
        found: nn.Module = self.head if name == HEAD else self.backbone.get_submodule(name)
        return found

    def check(self, x: Tensor, valid: Tensor | None = None) -> None:
        """
        Raises:
            ValueError: not the axes or channels that the net takes, too short for its pools, a padded clip shorter than
                `least_valid`, or padding where the net repeats the last position of its input or pools beyond it.
        """
        if valid is not None and self.padding[0] != "zeros":
            raise ValueError(f"a net with padding={self.padding[0]!r} along the first axis takes no padded clips")
        if valid is not None and self.unmasked:
            raise ValueError(f"{self.unmasked} sees beyond a clip's end, so that this net takes no padded clips")
        if valid is not None and (shortest := int(valid.sum(1).min())) < self.least_valid:
            raise ValueError(f"a clip of {shortest} valid steps is shorter than the net's least, {self.least_valid}")
        if x.ndim != self.dims + 2 or x.shape[1] != self.in_channels:
            axes = ", ".join(AXES[self.dims])
            raise ValueError(f"the net takes (N, {self.in_channels}, {axes}), got a tensor of {tuple(x.shape)}")
        if any(have < least for have, least in zip(x.shape[2:], self.smallest_input, strict=True)):
            raise ValueError(
                f"plan {self.spec.plan} takes {AXES[self.dims]} of at least {self.smallest_input}, "
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

    def layer_keys(self) -> dict[str, str]:
        """{key of a tensor of the VGG in the state dict: conv3_3.weight, fc6.bias, ...}"""
        return nd.layer_keys(self.vgg, "vgg.")

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.vgg(*self.eaten(x, lengths))

    def score_map(self, x: Tensor) -> Tensor:
        """(N, ...) -> (N, K, *S'): as `VGG.score_map`, of a batch as the datamodule gives it."""
        return self.vgg.score_map(self.eaten(x)[0])

    def penultimate(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(N, ...), (N,) -> (N, D): as `VGG.penultimate`, of a batch as the datamodule gives it."""
        return self.vgg.penultimate(*self.eaten(x, lengths))
