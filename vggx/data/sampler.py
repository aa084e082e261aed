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
    """

    def __init__(self, length: int, *, seed: int, shuffle: bool, rank: int = 0, world: int = 1, epoch: int = 0):
        self.length, self.seed, self.shuffle, self.rank, self.world = length, seed, shuffle, rank, world
        self.epoch = epoch

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of every epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Key]:
        order = list(range(self.length))
        if self.shuffle:
            generator = torch.Generator().manual_seed(derive(self.seed, self.epoch))
            order = torch.randperm(self.length, generator=generator).tolist()
            order = (order * (1 + self.world))[: self.length + -self.length % self.world]
        return iter([(self.epoch, index) for index in order[self.rank :: self.world]])

    def __len__(self) -> int:
        total = self.length + (-self.length % self.world if self.shuffle else 0)
        return len(range(self.rank, total, self.world))
