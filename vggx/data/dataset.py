"""samples -> items {input, label, file, view, bad}: one item per view of a file, with what could not be read named."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, default_collate

from vggx.data.listing import BadFile, Sample
from vggx.data.sampler import Key
from vggx.data.seeds import seeded

Load = Callable[[Sample, int, int], Tensor]  # (sample, view, number of views) -> input
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
        epoch, start = (0, key) if isinstance(key, int) else key
        bad: dict[str, str] = {}
        for offset in range(len(self.views) if self.train else 1):
            file, view, count = self.views[(start + offset) % len(self.views)]
            sample = self.samples[file]
            try:
                if self.train:
                    with seeded(self.seed, epoch, start):
                        x = self.load(sample, view, count)
                else:
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


def collate(items: Sequence[Item]) -> Item:
    """Items -> a batch {input (N, ...), label, file and view (N,), bad}; items that could not be read are left out.

    Waveforms of different lengths are padded with zeros to the longest, and the batch has their `lengths` (N,) too.
    A batch of which nothing is left has an `input` of None.
    """
    bad = {path: reason for item in items for path, reason in item["bad"].items()}
    good = [item for item in items if item["input"] is not None]
    if not good:
        return {"input": None, "bad": bad}
    inputs = [item["input"] for item in good]
    batch = default_collate([{name: item[name] for name in ("label", "file", "view")} for item in good])
    if inputs[0].ndim == 1 and len({len(x) for x in inputs}) > 1:
        batch |= {"input": pad_sequence(inputs, batch_first=True), "lengths": torch.tensor([len(x) for x in inputs])}
    else:
        batch["input"] = default_collate(inputs)
    return {**batch, "bad": bad}
