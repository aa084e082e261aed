"""what a net eats of one input -> where it finds a class: the score map and Grad-CAM, with the place of every cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vggx import geometry
from vggx.net import VGG
from vggx.spec.layer import Layer

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Heat:
    """A value for each cell of a map, and where the cells lie.

    Attributes:
        values: (R, *S'), of R rows of the batch that are one input, as pooled bands are; 1 otherwise.
        centres: along each spatial axis the middle of what each cell sees, in positions of the net's input.
    """

    values: Values
    centres: list[Values]

    def peak(self) -> tuple[int, tuple[float, ...]] | None:
        """Row and position of the greatest value; None where all are 0, so that there is none."""
        if not self.values.any():
            return None
        row, *cells = np.unravel_index(self.values.argmax(), self.values.shape)
        return int(row), tuple(float(axis[cell]) for axis, cell in zip(self.centres, cells, strict=True))

    def spread(self, size: Sequence[int]) -> Values:
        """(R, *S) -> a value for each position of the input, between the cells' middles by interpolation.

        NaN where no cell lies: farther than half of their distance beyond the outer ones.
        """
        spread = self.values
        for axis, (centres, length) in enumerate(zip(self.centres, size, strict=True), 1):
            spread = np.moveaxis(np.tensordot(shares(centres, length), spread, (1, axis)), 0, axis)
        return spread


def shares(centres: Values, size: int) -> Values:
    """(S', ) -> (S, S'): by how much each cell counts at each position; a cell that is alone counts at all of them."""
    positions = np.arange(size)
    found = np.stack([np.interp(positions, centres, cell) for cell in np.eye(len(centres))], 1)
    if len(centres) > 1:
        half = (centres[1] - centres[0]) / 2
        found[(positions < centres[0] - half) | (positions > centres[-1] + half)] = np.nan
    return found.astype(np.float32)


def heat_of(vgg: VGG, values: Tensor, layers: Sequence[Layer], size: Sequence[int]) -> Heat:
    """A map, of one channel, of the last of these layers on an input of `size`."""
    rows = values.float().reshape(-1, *values.shape[-vgg.dims :]).cpu().numpy()
    fields = geometry.fields(layers, size)
    middles = [[(first + behind - 1) / 2 for first, behind in axis] for axis in fields]
    return Heat(rows, [np.asarray(axis, np.float32) for axis in middles])


def score_heat(vgg: VGG, scores: Tensor, number: int, size: Sequence[int]) -> Heat:
    """The class's part of a score map (K, ...) of an input of `size`; the mean of its values is the class's logit."""
    return heat_of(vgg, scores[number], vgg.layers, size)


def layers_of(vgg: VGG) -> list[Layer]:
    """The convolutions and pools that Grad-CAM can be taken of: those of the backbone."""
    return [layer for layer in vgg.spec.backbone if layer.kind in ("conv", "pool")]


def known_layer(vgg: VGG, name: str | None) -> str:
    """The layer of this name, the last convolution where there is none.

    Raises:
        ValueError: the net has no such layer.
    """
    layers = layers_of(vgg)
    if name is None:
        return [layer.name for layer in layers if layer.kind == "conv"][-1]
    if name not in [layer.name for layer in layers]:
        known = ", ".join(layer.name for layer in layers)
        raise ValueError(f"layer={name}: plan {vgg.spec.plan} has {known}")
    return name


def grad_cam(vgg: VGG, x: Tensor, number: int, name: str) -> Heat:
    """(1, C, *S) as the net eats it -> Grad-CAM of a class at a layer's maps, which of a convolution are those after
    the activation: the maps, weighted by the mean of the logit's gradient over each, summed, and where positive.

    Source: Selvaraju et al., "Grad-CAM" (2017), equations 1 and 2.
    """
    (block,) = [block for block in vgg.backbone.blocks() if name in dict(block.named_children())]
    taken: list[Tensor] = []

    def begin_here(module: nn.Module, given: tuple[Tensor, ...], maps: Tensor) -> Tensor:
        taken.append(maps.detach().requires_grad_())
        return taken[0]

    handle = block.get_submodule(name).register_forward_hook(begin_here)
    try:
        with torch.enable_grad():
            logit = vgg(x)[0, number]
            (gradient,) = torch.autograd.grad(logit, taken)
    finally:
        handle.remove()
    # the rows that one input becomes share their kernels, and so the weights of their maps
    weights = gradient.transpose(0, 1).flatten(1).mean(1)
    cam = torch.tensordot(weights, taken[0].detach(), ([0], [1])).relu()
    layers = vgg.spec.backbone
    until = [layer.name for layer in layers].index(name) + 1
    return heat_of(vgg, cam, layers[:until], x.shape[-vgg.dims :])
