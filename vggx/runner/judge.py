"""a net + files + a protocol -> the scores of every file, what they cost and how long they took."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vggx.data.batch import Batch
from vggx.data.datamodule import SplitData
from vggx.data.dataset import MediaDataset
from vggx.data.listing import BadFile, Sample
from vggx.evaluate.meter import metered
from vggx.evaluate.protocol import Protocol
from vggx.evaluate.scan import mirrored_strip, scan
from vggx.evaluate.views import by_shape, crop_scores, dense_scores
from vggx.net import PreparedNet
from vggx.options import Modality, TrainerOptions, given
from vggx.progress import progress
from vggx.runner.on_device import on_device

Found = tuple[int, Tensor]  # number of a file, (V, K) scores of some of its views


@dataclass
class Judged:
    """What became of the files.

    Attributes:
        files: the numbers of those that can be read, ascending.
        labels, scores: (F,) and (F, K), softmax averaged over views.
        counts: views of each file.
        hits: views of each file whose top class is right.
        macs: of all of them.
        seconds: from the first file to the last answer, reading included.
        bad: {path: reason} of the others.
        views: (V, K) of each file, where they are kept.
    """

    files: list[int]
    labels: Tensor
    scores: Tensor
    counts: list[int]
    hits: list[int]
    macs: int
    seconds: float
    bad: dict[str, str]
    views: list[Tensor] = field(default_factory=list)


class Judge:
    """A net, set up on its device, that judges files by one protocol, dense or crops.

    Args:
        modality: the net's.
        data: which says where and how files are read; listed already.
        trainer: which kind of device, and the precision; one device does it all.
        samples: of the data.
    """

    def __init__(
        self,
        net: PreparedNet,
        modality: Modality,
        data: SplitData,
        trainer: TrainerOptions,
        samples: Sequence[Sample],
        protocol: Protocol,
    ):
        self.fabric = on_device(net, trainer)
        self.net, self.modality, self.data, self.options = net, modality, data, data.options
        self.samples, self.protocol = samples, protocol
        self.bad: dict[str, str] = {}

    def judged(self, classes: int, *, keep_views: bool = False) -> Judged:
        """
        Raises:
            ValueError: no file can be read.
        """
        sums: dict[int, Tensor] = {}
        kept: dict[int, list[Tensor]] = {}
        counts, hits = Counter[int](), Counter[int]()
        started = time.perf_counter()
        with torch.inference_mode(), metered(self.net.vgg) as meter, self.fabric.autocast():
            for file, scores in self.views():
                scores = scores.cpu()
                sums[file] = sums.get(file, 0) + scores.sum(0)
                counts[file] += len(scores)
                hits[file] += int((scores.argmax(1) == self.samples[file].target).sum())
                if keep_views:
                    kept.setdefault(file, []).append(scores)
        if not sums:
            first = next(iter(self.bad.values()))
            raise ValueError(f"none of the {len(self.samples)} files can be read; the first: {first}")
        files = sorted(sums)
        return Judged(
            files,
            torch.tensor([self.samples[file].target for file in files]),
            torch.stack([sums[file] / counts[file] for file in files]),
            [counts[file] for file in files],
            [hits[file] for file in files],
            meter.macs(self.modality, classes, self.net.vgg.grid),
            time.perf_counter() - started,
            self.bad,
            [torch.cat(kept[file]) for file in files if keep_views],
        )

    def views(self) -> Iterator[Found]:
        """The scores of every file, some of its views at a time."""
        if self.protocol.name == "dense" and self.options.LASTS:
            return self.whole()
        if self.modality.net.PIXELS:
            return self.pictures()
        return self.clips(self.data.uncropped(self.samples, ()), range(len(self.samples)))

    def pictures(self) -> Iterator[Found]:
        """Pictures, and the frames of clips, at every scale: whole, or cut into crops."""
        flip, cut = self.protocol.flip, self.protocol.name == "crops"
        batches = self.data.loader(self.data.uncropped(self.samples, self.protocol.scales), together=False)
        for batch in self.read(batches):
            for scale in range(len(self.protocol.scales)):
                for places, x in by_shape([sizes[scale] for sizes in batch.input]):
                    x = x.to(self.fabric.device)
                    scores = self.cut_scores(x) if cut else dense_scores(self.net, x, flip=flip)
                    yield from zip(batch.file[places].tolist(), scores, strict=True)

    def cut_scores(self, x: Tensor) -> Tensor:
        size, along = (getattr(self.options, name, 1) for name in ("size", "crops"))
        most = given(self.options.batch_size, "batch_size")
        return crop_scores(self.net, x, size, grid=self.protocol.grid, along=along, flip=self.protocol.flip, most=most)

    def clips(self, dataset: MediaDataset, files: Sequence[int]) -> Iterator[Found]:
        """Sounds, those of different lengths in one masked batch.

        Args:
            files: the number of each of the dataset's.
        """
        for batch in self.read(self.data.loader(dataset)):
            lengths = batch.lengths
            lengths = None if lengths is None else lengths.to(self.fabric.device)
            scores = self.net(batch.input.to(self.fabric.device), lengths).float().softmax(1)
            yield from zip([files[place] for place in batch.file.tolist()], scores[:, None], strict=True)

    def whole(self) -> Iterator[Found]:
        """Whole files along time: short ones in batches, where the modality can, the others one by one."""
        short, dataset = self.data.wholes(self.samples)
        if short:
            yield from self.clips(dataset, short)
        yield from self.scanned(sorted(set(range(len(self.samples))) - set(short)))

    def scanned(self, files: Sequence[int]) -> Iterator[Found]:
        """Window by window, at every scale: the mean of the score map."""
        opened = self.modality.module("whole").strip
        for file in progress(files, self.protocol.words()):
            sample = self.samples[file]
            views = []
            try:
                for size in self.protocol.scales or (None,):
                    with opened(self.net, self.modality.net, self.options, sample.path, size) as strip:
                        for seen in [strip, mirrored_strip(strip)] if self.protocol.flip else [strip]:
                            views.append(scan(self.net.vgg, seen).float().flatten(1).mean(1).softmax(0))
            except BadFile as error:
                self.refuse(sample, error)
            else:
                yield file, torch.stack(views)

    def refuse(self, sample: Sample, error: BadFile) -> None:
        if self.options.on_error == "raise":
            raise error
        self.note({sample.name: str(error)})

    def read(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches that hold something; what of them cannot be read is noted."""
        for batch in progress(batches, self.protocol.words()):
            self.note(batch.bad)
            if batch.input is not None:
                yield batch

    def note(self, bad: dict[str, str]) -> None:
        for path, reason in bad.items():
            if path not in self.bad:
                print(f"skipped a file: {reason}", flush=True)
                self.bad[path] = reason


def averaged(found: Sequence[Judged]) -> Judged:
    """The mean of the scores that several protocols or nets give of the same files; of those that all can read."""
    if len(found) == 1:
        return found[0]
    files = sorted(set.intersection(*(set(judged.files) for judged in found)))
    if not files:
        raise ValueError("no file can be read by all of the nets or protocols that are to be averaged")
    places = [[found_at[file] for file in files] for found_at in map(numbered, found)]
    pairs = list(zip(found, places, strict=True))
    return Judged(
        files,
        found[0].labels[places[0]],
        torch.stack([judged.scores[place] for judged, place in pairs]).mean(0),
        [sum(judged.counts[place[number]] for judged, place in pairs) for number in range(len(files))],
        [sum(judged.hits[place[number]] for judged, place in pairs) for number in range(len(files))],
        # each part's for as many files as are kept
        round(sum(judged.macs / len(judged.files) for judged in found) * len(files)),
        sum(judged.seconds / len(judged.files) for judged in found) * len(files),
        {path: reason for judged in found for path, reason in judged.bad.items()},
    )


def numbered(judged: Judged) -> dict[int, int]:
    """{number of a file: its place among those judged}"""
    return {file: place for place, file in enumerate(judged.files)}
