"""weights of a source + the net made of them -> how far their outputs are apart where they should not be.

Of the two nets one has an axis more, in front of the others: time for a clip, frequency for a spectrogram read as an
image. It is given the other's input repeated all along that axis (a still clip, a spectrogram that is the same at every
frequency); at every place along it, every map must then be the other net's.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from vggx import nd
from vggx.blocks import VGGBlock
from vggx.init import Undrawn
from vggx.net import VGG
from vggx.settings import modality_of
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
    numbers = [int(name[4:].partition("_")[0]) for name in fresh if name.startswith("conv")]
    return min([*numbers, len(net.plan.blocks) + 1]) - 1


def reference(weights: Weights, net: VGG, size: int, padding: str) -> VGG:
    """The source's net, for input of the size that `net` takes, the axes that they share padded and pooled as there.

    Args:
        size, padding: of the axis that the source alone has.
    """
    pools = [cast(VGGBlock, block).pool for block in net.backbone]
    shape, padded = net.input_shape[1:], net.padding
    if weights.dims < net.dims:
        pools, shape, padded = [pool[1:] for pool in pools], shape[1:], padded[1:]
    elif weights.dims > net.dims:
        firsts = first_pools(weights, len(pools))
        pools = [(first, *pool) for first, pool in zip(firsts, pools, strict=True)]
        shape, padded = (size, *shape), (padding, *padded)
    with Undrawn():
        source = VGG(
            (weights.in_channels or net.in_channels, *shape),
            1 if weights.last is None else len(weights.last),
            plan=net.plan.name,
            width=weights.width,
            norm=weights.norm,
            activation=weights.activation,
            head=weights.head or "pooled",
            grid=weights.grid,
            kernel=weights.kernel,
            pools=pools,
            padding=padded,
        )
    load(source, transfer(weights, source), "glorot", share=True)
    return source.eval()


def first_pools(weights: Weights, blocks: int) -> list[int]:
    """What the source's pools do to its first axis: 2 but where a net of ours says otherwise."""
    arguments = {} if weights.card is None else modality_of(weights.card, Path(weights.name)).vgg_arguments()
    return [nd.per_axis(pool, weights.dims)[0] for pool in arguments.get("pools", [2] * blocks)[:blocks]]


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
    return not hasattr(net.head, "grid") or net.grid[-shared:] == source.grid[-shared:]


def step_by_step(source: VGG, last: Tensor) -> Tensor:
    """The mean of the scores that the source gives to every step of its last axis alone, pooled up to its grid."""
    steps = last.movedim(-1, 1).flatten(0, 1)[..., None]
    with torch.inference_mode():
        return source.head([steps]).unflatten(0, (len(last), -1)).mean(1)
