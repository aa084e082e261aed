"""Maps of frozen blocks, reckoned once -> what comes behind them, trained on them by many seeds."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vggx import nd, recipes
from vggx.init import initialise
from vggx.net import Normalise, PreparedNet
from vggx.options import Recipe
from vggx.progress import progress
from vggx.tasks.predictions import by_file, measures

BATCH = 16
PACE = 0.03  # of a block's rate to the head's


@dataclass(frozen=True)
class Views:
    """Maps of a split's views, (M, [bands,] C, *S), with the label (M,) and the file (M,) of each."""

    maps: Tensor
    labels: Tensor
    files: Tensor


class Head(nn.Module):
    """(M, C) -> (M, K): standardised by what it is made of, then a linear layer.

    Args:
        averages: (M, C), of the training views.
        classes: K.
    """

    def __init__(self, averages: Tensor, classes: int):
        super().__init__()
        deviation = averages.std(0).clamp_min(1e-3 * averages.std().item())  # of a dead channel
        self.normalise = Normalise(averages.mean(0).tolist(), deviation.tolist())
        self.fc = nn.Linear(averages.shape[1], classes)
        initialise(self.fc, "glorot")

    def forward(self, averages: Tensor) -> Tensor:
        return self.fc(self.normalise(averages[..., None])[..., 0])


class Rest(nn.Module):
    """Maps behind the frozen blocks -> (M, K): the blocks that are left, the average, the head.

    Args:
        blocks, head: copied, so that they can begin anew.
        folded: the maps have an axis of bands, (M, bands, C, T), each of which goes through the blocks alone.
    """

    def __init__(self, blocks: Sequence[nn.Module], folded: bool, head: nn.Module):
        super().__init__()
        self.blocks, self.head = copy.deepcopy(nn.Sequential(*blocks)), copy.deepcopy(head)
        self.folded = folded

    def averages(self, x: Tensor) -> Tensor:
        """(M, [bands,] C, *S) -> (M, C'), over bands and places"""
        if not self.folded:
            return nd.mean_over_axes(self.blocks(x))
        return nd.mean_over_axes(self.blocks(x.flatten(0, 1))).unflatten(0, x.shape[:2]).mean(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.averages(x))


def views_of(net: PreparedNet, blocks: Sequence[nn.Module], folded: bool, loader: Any, samples: int | None) -> Views:
    """The maps behind these blocks of every view that a loader gives; waveforms are filled up to `samples`."""
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    with torch.inference_mode():
        for batch in progress(loader, "maps"):
            x = batch.input
            x, _ = net.eaten(x if samples is None else F.pad(x, (0, samples - x.shape[-1])))
            maps = x.flatten(0, 1)[:, None] if folded else x
            for block in blocks:
                maps = block(maps)
            maps = maps.unflatten(0, x.shape[:2]) if folded else maps
            parts.append((maps, batch.target, batch.file))
    return Views(*(torch.cat(part) for part in zip(*parts, strict=True)))


def fit(rest: Rest, train: Views, epochs: int, lr: float, seed: int) -> None:
    recipe = Recipe(optimizer="adamw", lr=lr, weight_decay=0.01)
    scales = {name: 1.0 if name.startswith("head") else PACE for name, _ in rest.named_parameters()}
    steps = epochs * -(-len(train.labels) // BATCH)
    optimiser = recipes.optimizer(rest, recipe, scales)
    schedule = recipes.scheduler(optimiser, recipe, steps, epochs)
    order = torch.Generator().manual_seed(seed)
    for _ in progress(range(epochs), "epochs"):
        for index in torch.randperm(len(train.labels), generator=order).split(BATCH):
            loss = F.cross_entropy(rest(train.maps[index]), train.labels[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


@torch.inference_mode()
def accuracy(rest: Rest, views: Views) -> float:
    """Of whole files, the scores of their views averaged."""
    scores = torch.cat([rest(part).softmax(1) for part in views.maps.split(BATCH)])
    return measures(*by_file(scores, views.labels, views.files))["accuracy"]
