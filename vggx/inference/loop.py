"""batches of files + a net on its device -> what it gives of each file, averaged over its views: the only such loop."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from lightning.fabric import Fabric
from torch import Tensor

from vggx.data.batch import Batch
from vggx.data.listing import Sample
from vggx.data.skipped import SkippedFiles
from vggx.net import PreparedNet
from vggx.progress import progress

Outputs = tuple[Sequence[int], Tensor]  # numbers of N files, and (N, V, *D) of V views of each


@dataclass(frozen=True)
class NetOnDevice:
    """A net in evaluation mode on its device, and the precision that it works in; `vggx.runner.device` makes it."""

    net: PreparedNet
    fabric: Fabric

    @property
    def device(self) -> torch.device:
        return self.fabric.device

    @contextmanager
    def inference(self) -> Iterator[None]:
        """Within it nothing is kept for gradients, and the net works in its precision."""
        with torch.inference_mode(), self.fabric.autocast():
            yield


@dataclass(frozen=True)
class Step:
    """Batches, and what the net makes of each.

    Attributes:
        batches: as a datamodule's loader gives them.
        outputs: of a batch on the net's device, of some of its files at a time, and of some of their views.
    """

    batches: Iterable[Batch]
    outputs: Callable[[Batch], Iterable[Outputs]]


@dataclass
class FileOutputs:
    """What a net gives of the files that can be read, by their numbers, ascending.

    Attributes:
        means: (*D), over the views of each file.
        counts: views of each.
        tallies: the sum of what was counted in the views of each.
        views: (V, *D) of each, where they are kept.
        seconds: from the first file to the last answer, reading included.
    """

    means: dict[int, Tensor]
    counts: dict[int, int]
    tallies: dict[int, int]
    views: dict[int, Tensor] = field(default_factory=dict)
    seconds: float = 0.0


def infer(
    net: NetOnDevice,
    steps: Iterable[Step],
    skipped: SkippedFiles,
    description: str,
    *,
    tally: Callable[[int, Tensor], int] | None = None,
    keep_views: bool = False,
) -> FileOutputs:
    """Give every batch to the net, and average over the views of each file.

    Args:
        steps: one after the other.
        skipped: takes in what cannot be read.
        description: of the progress bar.
        tally: counts something in the views of a file, (V, *D).

    Raises:
        ValueError, BadFile: as `skipped`.
    """
    sums: dict[int, Tensor] = {}
    kept: dict[int, list[Tensor]] = {}
    counts, tallies = Counter[int](), Counter[int]()
    started = time.perf_counter()
    with net.inference():
        for file, views in outputs_of(net, steps, skipped, description):
            sums[file] = sums.get(file, 0) + views.sum(0)
            counts[file] += len(views)
            if tally is not None:
                tallies[file] += tally(file, views)
            if keep_views:
                kept.setdefault(file, []).append(views)
    files = sorted(sums)
    return FileOutputs(
        means={file: sums[file] / counts[file] for file in files},
        counts={file: counts[file] for file in files},
        tallies={file: tallies[file] for file in files},
        views={file: torch.cat(kept[file]) for file in files if keep_views},
        seconds=time.perf_counter() - started,
    )


def outputs_of(
    net: NetOnDevice, steps: Iterable[Step], skipped: SkippedFiles, description: str
) -> Iterator[tuple[int, Tensor]]:
    """The number of a file, and the outputs (V, *D) of some of its views, on the CPU."""
    for step in steps:
        for batch in progress(step.batches, description):
            skipped.note(batch.bad)
            if batch.input is not None:
                for files, outputs in step.outputs(batch.to(net.device)):
                    yield from zip(files, outputs.float().cpu(), strict=True)


def one_by_one(samples: Sequence[Sample], numbers: Iterable[int]) -> list[Batch]:
    """Batches of one file each, whose input is the sample: of files that are read while they go through the net."""
    return [Batch(input=samples[number], file=torch.tensor([number])) for number in numbers]
