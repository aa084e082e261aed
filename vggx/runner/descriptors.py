"""a net + files -> a descriptor of each: what its last layer is given, over places, mirror images and clips."""

import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from vggx.data.batch import Batch
from vggx.data.datamodule import SplitData
from vggx.data.listing import Sample
from vggx.evaluate.protocol import Protocol
from vggx.evaluate.svm import Descriptors
from vggx.evaluate.views import by_shape, mirrored
from vggx.net import PreparedNet
from vggx.options import TrainerOptions
from vggx.progress import progress
from vggx.runner.on_device import on_device

Found = tuple[list[int], int, Tensor]  # numbers of files, which scale, (N, D) of a view of each
# bytes for each number of a descriptor: float32 here, float64 in scikit-learn, an index and a float64 in liblinear
BYTES = 4 + 8 + 16


class Describer:
    """A net, set up on its device.

    Args:
        trainer: which kind of device, and the precision; one device does it all.
        data: whose files these are, listed already.
        protocol: dense, with its scales and whether mirror images count.
        note: is told the split's name and each batch, for what of it cannot be read.
    """

    def __init__(
        self,
        net: PreparedNet,
        trainer: TrainerOptions,
        data: SplitData,
        protocol: Protocol,
        note: Callable[[str, Batch], None],
    ):
        self.fabric, self.net = on_device(net, trainer), net
        self.data, self.protocol, self.note = data, protocol, note

    def describe(self, samples: Sequence[Sample], split: str) -> tuple[list[int], Descriptors]:
        """The numbers of the files that can be read, ascending, and their descriptors (F, S, D), one for each scale.

        The mean over the mirror images and over a file's clips, those of them that can be read.

        Raises:
            ValueError: no file can be read, or their descriptors would not fit into memory.
        """
        scales = max(1, len(self.protocol.scales))
        sums: dict[int, Tensor] = {}
        counts: dict[int, int] = {}
        with torch.inference_mode(), self.fabric.autocast():
            for files, scale, vectors in self.views(samples, split):
                width = vectors.shape[1]
                if not sums:
                    check_memory(len(samples), scales * width)
                for file, vector in zip(files, vectors.float().cpu(), strict=True):
                    sums.setdefault(file, torch.zeros(scales, width))[scale] += vector
                    counts[file] = counts.get(file, 0) + (scale == 0)
        if not sums:
            raise ValueError(f"none of the {len(samples)} {split} files can be read")
        numbers = sorted(sums)
        return numbers, np.stack([(sums[file] / counts[file]).numpy() for file in numbers])

    def views(self, samples: Sequence[Sample], split: str) -> Iterator[Found]:
        scales = self.protocol.scales
        # sound has no scales, and clips of different lengths share a masked batch
        loader = self.data.loader(self.data.uncropped(samples, scales), together=not scales)
        for batch in progress(loader, f"descriptors of {split} files"):
            self.note(split, batch)
            if batch.input is not None:
                yield from self.of_pictures(batch) if scales else self.of_clips(batch)

    def of_pictures(self, batch: Batch) -> Iterator[Found]:
        files = batch.file.tolist()
        for scale in range(len(self.protocol.scales)):
            for places, x in by_shape([sizes[scale] for sizes in batch.input]):
                views = mirrored(x.to(self.fabric.device), self.protocol.flip)
                vectors = torch.stack([self.net.penultimate(view) for view in views]).mean(0)
                yield [files[place] for place in places], scale, vectors

    def of_clips(self, batch: Batch) -> Iterator[Found]:
        lengths = batch.lengths
        lengths = None if lengths is None else lengths.to(self.fabric.device)
        yield batch.file.tolist(), 0, self.net.penultimate(batch.input.to(self.fabric.device), lengths)


def check_memory(files: int, width: int) -> None:
    """
    Raises:
        ValueError: descriptors that want more than the machine has, with what the fit makes of them.
    """
    need, have = BYTES * files * width, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if need > have:
        raise ValueError(
            f"{files:,} files of {width:,} numbers each want {need / 2**30:.0f} GiB to be fitted, and this machine has "
            f"{have / 2**30:.0f}: take fewer files with train_per_class, or fewer scales, or combine=average"
        )
