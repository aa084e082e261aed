"""a net on its device + files -> the features of each: what its last layer is given, averaged over places and views."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from vggx.data.batch import Batch
from vggx.data.datamodule import SplitData
from vggx.data.listing import Sample
from vggx.data.skipped import SkippedFiles
from vggx.evaluate.protocol import Protocol
from vggx.evaluate.svm import Features
from vggx.inference.loop import NetOnDevice, Outputs, Step, infer
from vggx.inference.views import at_scales, clip_views, dense_views

# bytes for each number of a feature: float32 here, float64 in scikit-learn, an index and a float64 in liblinear
BYTES = 4 + 8 + 16


class FeatureExtractor:
    """A net whose last layer is left off.

    Args:
        data: whose files these are, listed already.
        protocol: dense, with its scales and whether mirror images count.
    """

    def __init__(self, net: NetOnDevice, data: SplitData, protocol: Protocol):
        self.placed, self.net, self.data, self.protocol = net, net.net, data, protocol

    def extract(self, samples: Sequence[Sample], skipped: SkippedFiles) -> tuple[list[int], Features]:
        """The numbers of the files that can be read, ascending, and their features (F, S, D), one for each scale.

        The mean over the mirror images and over a file's clips, those of them that can be read.

        Raises:
            ValueError: no file can be read, too many cannot, or their features would not fit into memory.
        """
        scales = self.protocol.scales
        # sound has no scales, and clips of different lengths share a masked batch
        batches = self.data.loader(self.data.uncropped(samples, scales), together=not scales)

        def outputs(batch: Batch) -> Iterator[Outputs]:
            found = self.of_pictures(batch) if scales else self.of_clips(batch)
            check_memory(len(samples), found.shape[2:].numel())
            yield batch.file.tolist(), found

        found = infer(self.placed, [Step(batches, outputs)], skipped, f"features of {skipped.split} files")
        if not found.means:
            raise skipped.none_left()
        return list(found.means), np.stack([mean.numpy() for mean in found.means.values()])

    def of_pictures(self, batch: Batch) -> Tensor:
        """(N, V, S, D): of each picture and its mirror image, at every scale."""
        scales, flip = len(self.protocol.scales), self.protocol.flip
        found = {
            (place, scale): vectors
            for scale, places, x in at_scales(batch, scales)
            for place, vectors in zip(places, dense_views(self.net.penultimate, x, flip=flip), strict=True)
        }
        files = range(len(batch.input))
        return torch.stack([torch.stack([found[place, scale] for scale in range(scales)], 1) for place in files])

    def of_clips(self, batch: Batch) -> Tensor:
        """(N, 1, 1, D)"""
        return clip_views(self.net.penultimate, batch)[:, :, None]


def check_memory(files: int, width: int) -> None:
    """
    Raises:
        ValueError: features that want more than the machine has, with what the fit makes of them.
    """
    need, have = BYTES * files * width, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if need > have:
        raise ValueError(
            f"{files:,} files of {width:,} numbers each want {need / 2**30:.0f} GiB to be fitted, and this machine has "
            f"{have / 2**30:.0f}: take fewer files with train_per_class, or fewer scales, or combine=average"
        )
