"""a net on its device + files + a protocol -> the scores of every file, what they cost and how long they took."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torchmetrics import MeanMetric

from vggx.data.batch import Batch
from vggx.data.datamodule import SplitData
from vggx.data.listing import Sample
from vggx.data.skipped import SkippedFiles
from vggx.evaluate.protocol import Protocol
from vggx.inference.loop import NetOnDevice, Outputs, Step, infer, one_by_one
from vggx.inference.meter import metered
from vggx.inference.sliding import mirrored_strip, scan
from vggx.inference.views import at_scales, clip_views, crop_views, dense_views
from vggx.inference.whole import mean_logits
from vggx.options import Modality, given
from vggx.tasks.task import Task
from vggx.tasks.time_probe import TimeProbe


@dataclass
class EvalResult:
    """What became of the files.

    Attributes:
        files: the numbers of those that can be read, ascending.
        targets, scores: (F, ...) and (F, K), averaged over views.
        counts: views of each file.
        hits: views of each file that are right, where they can be right or wrong.
        macs: of all of them.
        seconds: from the first file to the last answer, reading included.
        bad: {path: reason} of the others.
        views: (V, K) of each file, where they are kept.
        loss: the mean over all views, of protocol single.
        time_probe: what a time probe found, see `vggx.tasks.time_probe`.
    """

    files: list[int]
    targets: Tensor
    scores: Tensor
    counts: list[int]
    hits: list[int]
    macs: int
    seconds: float
    bad: dict[str, str]
    views: list[Tensor] = field(default_factory=list)
    loss: float | None = None
    time_probe: dict[str, Any] | None = None


class Evaluator:
    """A net that is to be evaluated, once, on the files of a split.

    Args:
        task: what the net was trained for.
        modality: the net's.
        data: which says where and how files are read; listed already.
        samples: of the data.
        protocol: one that has no parts.
        split: what the samples are called.
        probe: also gives the net the clips of protocol single in other orders of time.
    """

    def __init__(
        self,
        net: NetOnDevice,
        task: Task,
        modality: Modality,
        data: SplitData,
        samples: Sequence[Sample],
        protocol: Protocol,
        *,
        split: str = "test",
        probe: TimeProbe | None = None,
    ):
        self.placed, self.net = net, net.net
        self.modality, self.data, self.options = modality, data, data.options
        self.samples, self.protocol, self.probe, self.task = samples, protocol, probe, task
        self.targets: dict[int, Tensor] = {}
        self.skipped = SkippedFiles(split, len(samples), on_error=self.options.on_error)
        self.loss = MeanMetric()

    def evaluate(self, *, keep_views: bool = False) -> EvalResult:
        """
        Raises:
            ValueError: no file can be read.
            BadFile: one cannot, and `on_error` is raise.
        """
        words = self.protocol.words()
        with metered(self.net.vgg) as meter:
            found = infer(self.placed, self.steps(), self.skipped, words, tally=self.hits, keep_views=keep_views)
        if not found.means:
            raise self.skipped.none_left()
        targets = torch.stack([self.target(file) for file in found.means])
        scores = torch.stack(list(found.means.values()))
        macs = meter.macs()
        result = EvalResult(
            files=list(found.means),
            targets=targets,
            scores=scores,
            counts=list(found.counts.values()),
            hits=list(found.tallies.values()),
            macs=macs,
            seconds=found.seconds,
            bad=self.skipped.found,
            views=list(found.views.values()),
            loss=self.loss.compute().item() if self.protocol.name == "single" else None,
        )
        if self.probe is None:
            return result
        orders = scores.unbind(1)
        probed = self.probe.result(orders, targets)
        return replace(result, scores=orders[0], macs=macs // len(orders), time_probe=probed)

    def hits(self, file: int, views: Tensor) -> int:
        """Of the views (V, K), or (V, O, K) of clips in several orders, of which the first counts."""
        right = self.task.hits(views if self.probe is None else views[:, 0], self.target(file))
        return 0 if right is None else int(right.sum())

    def target(self, file: int) -> Tensor:
        """As its batch had it; of a file that is read while it goes through the net as it is listed."""
        return self.targets[file] if file in self.targets else torch.tensor(self.samples[file].target)

    def scores(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.task.activate(self.task.ask(self.net, x, lengths).float())

    def steps(self) -> Iterator[Step]:
        if self.protocol.name == "single":
            yield Step(self.cropped(), self.single)
        elif self.protocol.name == "dense" and self.options.LASTS:
            yield from self.whole_files()
        elif self.modality.net.PIXELS:
            sized = self.data.uncropped(self.samples, self.protocol.scales)
            yield Step(self.data.loader(sized, together=False), self.pictures)
        else:
            yield Step(self.cropped(), self.clips)

    def cropped(self) -> Iterable[Batch]:
        """What training validates: of pictures the crops in the middle, of what lasts the clips of a file."""
        return self.data.loader(self.data.new_dataset(self.samples, on_error=self.options.on_error))

    def single(self, batch: Batch) -> Iterator[Outputs]:
        """As training validates; with a probe the scores of a view are (O, K), those of the clip as it is first."""
        inputs = [batch.input, *(self.probe.changed(batch) if self.probe else [])]
        outputs = [self.task.ask(self.net, x, batch.lengths) for x in inputs]
        self.targets |= dict(zip(batch.file.tolist(), batch.target.cpu(), strict=True))
        self.loss.update(self.task.loss(outputs[0], batch.target).cpu(), len(outputs[0]))
        scores = [self.task.activate(each.float()) for each in outputs]
        yield batch.file.tolist(), (torch.stack(scores, 1) if self.probe else scores[0])[:, None]

    def clips(self, batch: Batch, files: Sequence[int] | None = None) -> Iterator[Outputs]:
        """Sounds, those of different lengths in one masked batch.

        Args:
            files: the number of each of the dataset's, where it does not hold all of them.
        """
        numbers = batch.file.tolist()
        yield numbers if files is None else [files[number] for number in numbers], clip_views(self.scores, batch)

    def pictures(self, batch: Batch) -> Iterator[Outputs]:
        """Pictures, and the frames of clips, at every scale: whole, or cut into crops."""
        files, views = batch.file.tolist(), self.crops if self.protocol.name == "crops" else self.dense
        for _, places, x in at_scales(batch, len(self.protocol.scales)):
            yield [files[place] for place in places], views(x)

    def dense(self, x: Tensor) -> Tensor:
        return dense_views(self.scores, x, flip=self.protocol.flip)

    def crops(self, x: Tensor) -> Tensor:
        size, along = self.options.input_shape()[-1], self.options.view_counts().get("crops", 1)
        most = given(self.options.batch_size, "batch_size")
        return crop_views(
            self.scores, x, size, grid=self.protocol.grid, along=along, flip=self.protocol.flip, most=most
        )

    def whole_files(self) -> Iterator[Step]:
        """Short ones in batches, where the modality can, the others window by window."""
        short, dataset = self.data.wholes(self.samples)
        if short:
            yield Step(self.data.loader(dataset), partial(self.clips, files=short))
        long = sorted(set(range(len(self.samples))) - set(short))
        yield Step(one_by_one(self.samples, long), self.scanned)

    def scanned(self, batch: Batch) -> Iterator[Outputs]:
        """One whole file at every scale: the mean of the score map."""
        opened, path = self.modality.module("whole").strip, batch.input.path
        logits = []
        with self.skipped.skipping(path):
            for size in self.protocol.scales or (None,):
                with opened(self.net, self.modality.net, self.options, path, size) as strip:
                    for seen in [strip, mirrored_strip(strip)] if self.protocol.flip else [strip]:
                        logits.append(mean_logits(scan(self.net.vgg, seen)))
            yield batch.file.tolist(), self.task.activate(torch.stack(logits))[None]


def averaged(found: Sequence[EvalResult]) -> EvalResult:
    """The mean of the scores that several protocols or nets give of the same files; of those that all can read."""
    if len(found) == 1:
        return found[0]
    files = sorted(set.intersection(*(set(result.files) for result in found)))
    if not files:
        raise ValueError("no file can be read by all of the nets or protocols that are to be averaged")
    places = [[found_at[file] for file in files] for found_at in map(numbered, found)]
    pairs = list(zip(found, places, strict=True))
    return EvalResult(
        files,
        found[0].targets[places[0]],
        torch.stack([result.scores[place] for result, place in pairs]).mean(0),
        [sum(result.counts[place[number]] for result, place in pairs) for number in range(len(files))],
        [sum(result.hits[place[number]] for result, place in pairs) for number in range(len(files))],
        # each part's for as many files as are kept
        round(sum(result.macs / len(result.files) for result in found) * len(files)),
        sum(result.seconds / len(result.files) for result in found) * len(files),
        {path: reason for result in found for path, reason in result.bad.items()},
    )


def numbered(result: EvalResult) -> dict[int, int]:
    """{number of a file: its place in the result}"""
    return {file: place for place, file in enumerate(result.files)}
