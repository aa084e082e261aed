"""length -> keys (epoch, index): the order of an epoch is a function of seed and epoch, on any number of devices."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from vggx.data.seeds import derive

Key = tuple[int, int]


class EpochSampler(Sampler[Key]):
    """Keys carry their epoch, so that workers that live through many epochs still know which one a sample is for.

    In training every device gets equally many keys (the last ones wrap around); in evaluation every index comes
    exactly once over all devices.

    Args:
        repeats: keys of every sample in an epoch, one after the other on one device. The index of a further one is
            `length` greater, by which it has draws of its own, while those of the first stay what they are without it.
    """

    def __init__(
        self,
        length: int,
        *,
        seed: int,
        shuffle: bool,
        rank: int = 0,
        world: int = 1,
        epoch: int = 0,
        repeats: int = 1,
    ):
        self.length, self.seed, self.shuffle, self.rank, self.world = length, seed, shuffle, rank, world
        self.epoch, self.repeats = epoch, repeats

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of every epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Key]:
        order = list(range(self.length))
        if self.shuffle:
            generator = torch.Generator().manual_seed(derive(self.seed, self.epoch))
            order = torch.randperm(self.length, generator=generator).tolist()
            order = (order * (1 + self.world))[: self.length + -self.length % self.world]
        mine = order[self.rank :: self.world]
        return iter([(self.epoch, turn * self.length + index) for index in mine for turn in range(self.repeats)])

    def __len__(self) -> int:
        total = self.length + (-self.length % self.world if self.shuffle else 0)
        return len(range(self.rank, total, self.world)) * self.repeats
