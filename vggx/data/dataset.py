"""samples -> items {input, label, file, view, bad}: one item per view of a file, with what could not be read named."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, default_collate

from vggx.data.listing import BadFile, Sample
from vggx.data.sampler import Key
from vggx.data.seeds import begin, kept
from vggx.options import DataOptions

Load = Callable[[Sample, int, int], Tensor | list[Tensor]]  # (sample, view, number of views) -> input
Item = dict[str, Any]


class MediaDataset(Dataset[Item]):
    """Samples of one split.

    Args:
        samples: the files.
        load: reads one view of a sample as the net's input, without the batch axis; raises `BadFile`.
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
                x = self.load(sample, view, count)
            except BadFile as error:
                if self.on_error == "raise":
                    raise
                bad[sample.path] = str(error)
                continue
            return {"input": x, "label": sample.label, "file": file, "view": view, "bad": bad}
        if self.train:
            raise ValueError(f"none of the {len(self.samples)} files can be read; the first: {min(bad.values())}")
        return {"input": None, "bad": bad}


def blank(options: DataOptions, count: int) -> Tensor:
    """(N, ...) zeros, of the shape and type that the datamodule gives whole samples in."""
    return torch.zeros(count, *options.input_shape(), dtype=getattr(torch, options.DTYPE))


class Batch(dict[str, Any]):
    """What `collate` makes; between processes its numbers travel in the message, and `input` alone in shared memory.

    A piece of shared memory for each tensor, as torch makes by itself, takes longer than reading a short clip.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        plain = {name: x.numpy() for name, x in self.items() if name != "input" and isinstance(x, Tensor)}
        return arrived, ({**self, **plain},)


def arrived(batch: dict[str, Any]) -> Batch:
    return Batch({name: torch.from_numpy(x) if isinstance(x, np.ndarray) else x for name, x in batch.items()})


def gather(items: Sequence[Item]) -> Batch:
    """Items -> a batch {input, label, file and view (N,), bad}, `input` the list of theirs; without the unreadable.

    A batch of which nothing is left has an `input` of None.
    """
    bad = {path: reason for item in items for path, reason in item["bad"].items()}
    good = [item for item in items if item["input"] is not None]
    if not good:
        return Batch(input=None, bad=bad)
    numbers = {name: torch.tensor([item[name] for item in good]) for name in ("label", "file", "view")}
    return Batch(numbers, input=[item["input"] for item in good], bad=bad)


def collate(items: Sequence[Item], fill: float = 0.0) -> Batch:
    """As `gather`, with the inputs as one tensor (N, ...).

    Sounds of different lengths, (samples,) or maps (F, T), are padded with `fill` to the longest, and the batch has
    their `lengths` (N,) too.
    """
    batch = gather(items)
    if batch["input"] is None:
        return batch
    inputs = batch["input"]
    lengths = [x.shape[-1] for x in inputs] if inputs[0].ndim <= 2 else [0]
    if min(lengths) < max(lengths):
        batch |= {"input": padded(inputs, lengths, fill), "lengths": torch.tensor(lengths)}
    else:
        batch["input"] = default_collate(inputs)
    return batch


def padded(inputs: Sequence[Tensor], lengths: Sequence[int], fill: float) -> Tensor:
    """(..., T) each -> (N, ..., greatest T), then `fill`; numpy is quicker at short rows than torch."""
    arrays = [x.numpy() for x in inputs]
    rows = np.empty((len(arrays), *arrays[0].shape[:-1], max(lengths)), arrays[0].dtype)
    for row, array, length in zip(rows, arrays, lengths, strict=True):
        row[..., :length], row[..., length:] = array, fill
    return torch.from_numpy(rows)


def noting(batches: Iterable[Item], bad: dict[str, str]) -> Iterator[Item]:
    """The batches as they come; what could not be read of them goes into `bad`."""
    for batch in batches:
        for path, reason in batch["bad"].items():
            bad.setdefault(path, reason)
        yield batch
