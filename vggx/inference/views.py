"""pictures (N, C, [T,] H, W) -> their views: mirror images, and crops at evenly spread places."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import torch
from torch import Tensor

from vggx.data.batch import Batch
from vggx.data.crops import even_places

Answer = Callable[[Tensor], Tensor]  # a net's (N, D) to what the datamodule gives, (N, ...)


def mirrored(x: Tensor, flip: bool) -> list[Tensor]:
    """The pictures, and where `flip` their mirror images."""
    return [x, x.flip(-1)] if flip else [x]


def crops(x: Tensor, size: int, down: int, right: int) -> Iterator[Tensor]:
    """(..., H, W) -> down x right of (..., size, size), evenly spread from edge to edge.

    With 5 x 5 these are the dense crops of section 3.2 of the paper: 50 a scale with their mirror images.

    Raises:
        ValueError: a picture that is smaller than a crop.
    """
    height, width = x.shape[-2:]
    if min(height, width) < size:
        raise ValueError(f"crops of {size} x {size} cannot be cut out of {height} x {width} pixels")
    for top, left in product(even_places(height - size, down), even_places(width - size, right)):
        yield x[..., top : top + size, left : left + size]


def spread(x: Tensor, grid: int | None, along: int) -> tuple[int, int]:
    """How many crops lie down and right: grid x grid, or `along` the longer side and one across."""
    if grid is not None:
        return grid, grid
    height, width = x.shape[-2:]
    return (along, 1) if height > width else (1, along)


def crop_views(
    answer: Answer, x: Tensor, size: int, *, grid: int | None, along: int, flip: bool, most: int = 64
) -> Tensor:
    """(N, C, [T,] H, W) -> (N, V, D): the answer to each crop, and to its mirror image.

    Args:
        size: of a crop, pixels.
        grid, along: as in `spread`.
        most: crops that the net is given at once, but N or more.
    """
    views = [view for crop in crops(x, size, *spread(x, grid, along)) for view in mirrored(crop, flip)]
    step = max(1, most // len(x))
    answers = [answer(torch.cat(views[start : start + step])) for start in range(0, len(views), step)]
    return torch.cat(answers).unflatten(0, (len(views), len(x))).transpose(0, 1)


def dense_views(answer: Answer, x: Tensor, *, flip: bool) -> Tensor:
    """(N, C, *S) of any size -> (N, V, D): the answer to all of each, and to its mirror image."""
    return torch.stack([answer(view) for view in mirrored(x, flip)], 1)


def clip_views(answer: Callable[[Tensor, Tensor | None], Tensor], batch: Batch) -> Tensor:
    """A batch of samples, those of different lengths masked -> (N, 1, D): each is a view of its file."""
    return answer(batch.input, batch.lengths)[:, None]


def at_scales(batch: Batch, scales: int) -> Iterator[tuple[int, list[int], Tensor]]:
    """A batch of pictures, each at all scales -> which scale, places in the batch, the pictures there, of one shape."""
    for scale in range(scales):
        for places, x in by_shape([sizes[scale] for sizes in batch.input]):
            yield scale, places, x


def by_shape(inputs: Sequence[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
    """Pictures of several shapes -> batches of one shape each, and which of the pictures they hold."""
    places: dict[tuple[int, ...], list[int]] = {}
    for place, x in enumerate(inputs):
        places.setdefault(tuple(x.shape), []).append(place)
    for found in places.values():
        yield found, torch.stack([inputs[place] for place in found])
