"""weights of a source + the net made of them -> how far their outputs are apart where they should not be.

Of the two nets one has an axis more, in front of the others: time for a clip, frequency for a spectrogram read as an
image. It is given the other's input repeated all along that axis (a still clip, a spectrogram that is the same at every
frequency); at every place along it, every map must then be the other net's.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vggx import geometry
from vggx.init import Undrawn
from vggx.net import VGG
from vggx.spec.axes import with_first_axis, without_first_axis
from vggx.spec.layer import part_of
from vggx.surgery.transfer import load, transfer
from vggx.weights.source import Weights

# a block's error at the ends and the middle of the axis that one of the nets lacks
PLACES = {"first": 0.0, "middle": 0.5, "last": 1.0}


def prove(weights: Weights, net: VGG, fresh: Sequence[str], x: Tensor, size: int) -> dict[str, Any]:
    """The greatest relative errors, max|a - b| / max|b| of a map, b being the source's.

    Args:
        net: with what it inherited, in evaluation mode on the CPU; of the source's dims, one more or one less.
        fresh: its layers that inherited nothing. Maps from the first of them on, and the logits, are not compared.
        x: (N, C, *S), as the net with fewer axes takes it, normalised; one channel stands for three.
        size: of the axis that one of them lacks.

    Returns:
        {max_relative_error: {block1: {first, middle, last}, ...}, logits, top1_agreement}. Where the source has the
        axis that the net lacks, it pads it by its border values, as only so nothing changes along it; and
        `zero_padded` are the errors against the source as it was trained, with zeros there.
    """
    if not (whole := whole_blocks(net, fresh)):
        return {"max_relative_error": {}, "logits": None, "top1_agreement": None}
    source = reference(weights, net, size, "replicate")
    gap = net.dims - source.dims
    ours, logits = outputs(net, fed(x, net, size if gap > 0 else None))
    theirs, scores = outputs(source, fed(x, source, size if gap < 0 else None))
    found: dict[str, Any] = {"max_relative_error": errors(ours[:whole], theirs, gap)}
    if not fresh:
        scores = scores if same_grid(net, source) else step_by_step(source, theirs[-1])
        found["logits"] = relative(logits, scores)
        found["top1_agreement"] = (logits.argmax(1) == scores.argmax(1)).float().mean().item()
    if gap < 0:
        trained = reference(weights, net, size, "zeros")
        found["zero_padded"] = errors(ours[:whole], outputs(trained, fed(x, trained, size))[0], gap)
    return {"logits": None, "top1_agreement": None, **found}


def whole_blocks(net: VGG, fresh: Sequence[str]) -> int:
    """How many blocks, from the first on, have inherited all of their layers."""
    order, parts = net.spec.blocks_and_head(), net.spec.parts()
    return min([order.index(part_of(name, parts)) for name in fresh] + [len(net.spec.blocks)])


def reference(weights: Weights, net: VGG, size: int, padding: str) -> VGG:
    """The source's net, for input of the size that `net` takes, the axes that they share padded and pooled as there.

    Args:
        size, padding: of the axis that the source alone has.
    """
    spec = replace(net.spec, bands=None)
    if weights.dims < net.dims:
        spec = without_first_axis(spec)
    elif weights.dims > net.dims:
        kernel, pools = weights.kernel[0], first_pools(weights, len(spec.blocks))
        spec = with_first_axis(spec, size, kernel=kernel, pools=pools, padding=padding, grid=1)
    spec = spec.at((weights.in_channels or net.in_channels, *spec.input_shape[1:]))
    own: dict[str, Any] = {"norm": weights.norm, "activation": weights.activation}
    blocks = tuple(replace(block, units=tuple(replace(unit, **own) for unit in block.units)) for block in spec.blocks)
    spec = replace(spec, blocks=blocks)
    head = replace(
        spec.head if weights.spec is None else weights.spec.head,
        name=weights.head or "pooled",
        outputs=1 if weights.last is None else len(weights.last),
        grid=weights.grid or geometry.output_size(spec.backbone, spec.input_shape[1:]),
        activation=weights.activation,
    )
    with Undrawn():
        source = VGG.of(replace(spec, head=head))
    load(source, transfer(weights, source), "glorot", share=True)
    return source.eval()


def first_pools(weights: Weights, blocks: int) -> list[int]:
    """What the source's pools do to its first axis: 2 but where a net of ours says otherwise."""
    if weights.spec is None:
        return [2] * blocks
    return [1 if block.pool is None else block.pool.stride[0] for block in weights.spec.blocks[:blocks]]


def fed(x: Tensor, net: VGG, size: int | None) -> Tensor:
    """(N, 1 or C, *S) -> (N, C, [size,] *S): one channel becomes all, and the axis in front has the same all along."""
    x = x.expand(-1, net.in_channels, *x.shape[2:])
    return x if size is None else x.unsqueeze(2).expand(-1, -1, size, *x.shape[2:])


@torch.inference_mode()
def outputs(net: VGG, x: Tensor) -> tuple[list[Tensor], Tensor]:
    """The blocks' maps and the logits; of a net that folds bands into its batch, those of one band.

    Sample by sample, which takes less memory.
    """
    each = [net.backbone(sample) for sample in x.split(1)]
    return [torch.cat(maps) for maps in zip(*each, strict=True)], torch.cat([net.head(maps) for maps in each])


def errors(ours: Sequence[Tensor], theirs: Sequence[Tensor], gap: int) -> dict[str, dict[str, float]]:
    """{block1: {first, middle, last}, ...}"""
    found = {}
    for number, (a, b) in enumerate(zip(ours, theirs, strict=False), 1):
        each = along(a, b, gap)
        found[f"block{number}"] = {place: each[round(share * (len(each) - 1))] for place, share in PLACES.items()}
    return found


def along(a: Tensor, b: Tensor, gap: int) -> list[float]:
    """The relative error of a map against the source's at every place along the axis that one of them lacks."""
    if gap > 0:
        return [relative(step, b) for step in a.unbind(2)]
    if gap < 0:
        return [relative(a, step) for step in b.unbind(2)]
    return [relative(a, b)]


def relative(a: Tensor, b: Tensor) -> float:
    """max|a - b| / max|b|; of two maps that are 0 everywhere, 0."""
    difference, size = (a - b).abs().max().item(), b.abs().max().item()
    return difference / size if size else (float("inf") if difference else 0.0)


def same_grid(net: VGG, source: VGG) -> bool:
    """Whether both heads scan the axes that they share with the same grid; a pooled head has none."""
    shared = min(net.dims, source.dims)
    scans = any(layer.kind == "grid" for layer in net.spec.layers())
    return not scans or net.grid[-shared:] == source.grid[-shared:]


def step_by_step(source: VGG, last: Tensor) -> Tensor:
    """The mean of the scores that the source gives to every step of its last axis alone, pooled up to its grid."""
    steps = last.movedim(-1, 1).flatten(0, 1)[..., None]
    with torch.inference_mode():
        return source.head([steps]).unflatten(0, (len(last), -1)).mean(1)
