"""samples -> items {input, target, file, view, bad}: one item per view of a file, with what could not be read named."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from vggx.data.batch import Item
from vggx.data.listing import BadFile, Sample
from vggx.data.sampler import Key
from vggx.data.seeds import begin, kept
from vggx.options import DataOptions

# (sample, view, number of views) -> input and target
Load = Callable[[Sample, int, int], tuple[Tensor | list[Tensor], Any]]


class MediaDataset(Dataset[Item]):
    """Samples of one split.

    Args:
        samples: the files.
        load: reads one view of a sample as the net's input, without the batch axis, and its target; raises `BadFile`.
        views: how many views each sample has, or one number per sample.
        train: draw what is random, seeded by (seed, epoch, index), and put the next readable sample in the place of
            an unreadable one. Otherwise an unreadable sample is left out.
        seed: of the augmentation.
        on_error: "skip", or "raise" at the first unreadable file.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        load: Load,
        *,
        views: int | Sequence[int] = 1,
        train: bool = False,
        seed: int = 0,
        on_error: str = "skip",
    ):
        if on_error not in ("skip", "raise"):
            raise ValueError(f"on_error must be skip or raise, not {on_error!r}")
        self.samples = list(samples)
        self.load, self.train, self.seed, self.on_error = load, train, seed, on_error
        counts = [views] * len(self.samples) if isinstance(views, int) else list(views)
        self.views = [(file, view, count) for file, count in enumerate(counts) for view in range(count)]

    def __len__(self) -> int:
        return len(self.views)

    def __getitem__(self, key: Key | int) -> Item:
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: Sequence[Key | int]) -> list[Item]:
        """A batch, which torch's loaders ask for at once: the random state outside is kept once for all of it.

        In training an index beyond the last names a view anew, with other draws.
        """
        with kept() if self.train else nullcontext():
            return [self.item(*((0, key) if isinstance(key, int) else key)) for key in keys]

    def item(self, epoch: int, start: int) -> Item:
        bad: dict[str, str] = {}
        for offset in range(len(self.views) if self.train else 1):
            file, view, count = self.views[(start + offset) % len(self.views)]
            sample = self.samples[file]
            if self.train:
                begin(self.seed, epoch, start)
            try:
                x, target = self.load(sample, view, count)
            except BadFile as error:
                if self.on_error == "raise":
                    raise
                bad[sample.name] = str(error)
                continue
            return {"input": x, "target": target, "file": file, "view": view, "bad": bad}
        if self.train:
            raise ValueError(f"none of the {len(self.samples)} files can be read; the first: {min(bad.values())}")
        return {"input": None, "bad": bad}


def blank(options: DataOptions, count: int) -> Tensor:
    """(N, ...) zeros, of the shape and type that the datamodule gives whole samples in."""
    return torch.zeros(count, *options.input_shape(), dtype=getattr(torch, options.DTYPE))
