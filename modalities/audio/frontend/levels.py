"""(N, F, T), (N, T) or None -> the same: what is done to a front-end's maps, clip by clip."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from modalities.audio.frontend.frontend import precision

Maps = tuple[Tensor, Tensor | None]


class Levels(NamedTuple):
    """Of clips, or of one recording: the lowest that a cell may lie, (N, 1, 1), and each band's mean, (N, F, 1)."""

    lowest: Tensor | None
    means: Tensor | None

    def __call__(self, maps: Tensor) -> Tensor:
        if self.lowest is not None:
            maps = maps.maximum(self.lowest)
        return maps if self.means is None else maps - self.means


class ClipLevels(nn.Module):
    """A floor under a clip's own loudest cell, then each band's mean over the clip taken from it.

    Both take away what the recording adds, its level and its colour, and look at valid steps alone.

    Args:
        floor: how far below the loudest cell a cell may lie, in the maps' own unit; None for no floor.
        subtract_mean: whether the means are taken away.
    """

    def __init__(self, floor: float | None, subtract_mean: bool):
        super().__init__()
        self.floor, self.subtract_mean = floor, subtract_mean

    def forward(self, maps: Tensor, valid: Tensor | None) -> Maps:
        known = torch.ones_like(maps[:, :1], dtype=torch.bool) if valid is None else valid[:, None]
        if self.floor is not None:
            loudest = maps.masked_fill(~known, -torch.inf).amax((1, 2), keepdim=True)
            maps = Levels(loudest - self.floor, None)(maps)
        if self.subtract_mean:
            total = maps.masked_fill(~known, 0).sum(2, keepdim=True, dtype=precision(maps.device))
            maps = Levels(None, (total / known.sum(2, keepdim=True)).float())(maps)
        return maps, valid

    def of_whole(self, pieces: Callable[[], Iterable[Tensor]]) -> Levels:
        """The levels of one recording that comes in pieces, (1, F, steps) each, as often as it is asked for."""
        lowest = means = None
        if self.floor is not None:
            lowest = torch.stack([piece.amax((1, 2), keepdim=True) for piece in pieces()]).amax(0) - self.floor
        if self.subtract_mean:
            floored, total, steps = Levels(lowest, None), torch.zeros(()), 0
            for piece in pieces():
                total = total + floored(piece).sum(2, keepdim=True, dtype=precision(piece.device))
                steps += piece.shape[2]
            means = (total / steps).float()
        return Levels(lowest, means)


class BandPool(nn.Module):
    """(N, F, T) -> (N, F', T): the mean over equal shares of the frequency axis."""

    def __init__(self, bands: int):
        super().__init__()
        self.bands = bands

    def forward(self, maps: Tensor, valid: Tensor | None) -> Maps:
        return F.adaptive_avg_pool2d(maps, (self.bands, maps.shape[-1])), valid


class Chain(nn.Sequential):
    """As a front-end, and then what is done to its maps."""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Maps:
        frontend, *others = self
        maps, valid = frontend(x, lengths)
        for module in others:
            maps, valid = module(maps, valid)
        return maps, valid
