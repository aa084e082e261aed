"""video files or the embedded moving digits -> batches of (N, 3, T, size, size) bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor
from torchvision.tv_tensors import Mask

from modalities.video import clips, sources
from modalities.video.bounds import Bounds
from modalities.video.options import Data, Net
from modalities.video.readers import DECODERS, Reader, open_video
from modalities.video.scans import decoders
from modalities.video.transforms import ClipTransform, WholeFrames, clip_transform
from vggx.data.crops import ShortSides, check_mask
from vggx.data.datamodule import Source, SplitData
from vggx.data.dataset import Load, MediaDataset
from vggx.data.listing import BadFile, Sample
from vggx.data.targets import Targets
from vggx.options import given
from vggx.progress import progress


@dataclass(frozen=True)
class LoadClip:
    """sample -> (3, T, H, W) bytes and its target: a random clip in training, one of evenly spread ones in evaluation.

    View 0 is the first crop of the first clip; after its last crop comes the next clip. A target that is a mask has a
    picture for each frame of the file or segment.

    Args:
        target: reads what a sample's target names.
    """

    options: Data
    transform: ClipTransform | WholeFrames
    train: bool
    target: Callable[[Any], Any] = Targets().load

    def __call__(self, sample: Sample, view: int, views: int) -> tuple[Tensor | list[Tensor], Any]:
        reader = opened(sample.path, self.options)
        first, length = frames_of(sample, reader)
        span = self.options.span()
        if self.train:
            start = clips.random_start(length, span)
        else:
            starts = clips.even_starts(length, span, self.options.clips)
            start = starts[min(view // self.options.crops, len(starts) - 1)]
        try:
            numbers = clips.frame_numbers(
                start, span, given(self.options.frame_stride, "frame_stride"), length, self.options.short
            )
        except ValueError as error:
            raise BadFile(f"{sample.name}: {error}") from error
        crop = 0 if self.train else view % self.options.crops
        clip, target = reader.read([first + number for number in numbers]), self.target(sample.target)
        if isinstance(target, Mask):
            if len(target) != length:
                raise BadFile(f"{sample.name}: its mask has {len(target)} frames, the video {length}")
            target = Mask(target[list(numbers)])
            check_mask(sample.name, clip, target)
        return self.transform.both(clip, target, crop)


class VideoData(SplitData):
    """Clips of one length, stride and size; `clips` of them a file in evaluation, `crops` of each clip.

    Raises:
        ValueError: an option out of range, by its full name.
    """

    EXTENSIONS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".flv")
    SOURCES: ClassVar[dict[str, Source]] = {**SplitData.SOURCES, **sources.SOURCES}
    EMBEDDED = ("moving_digits",)
    FOLDED = (*SplitData.FOLDED, "list", *sources.OFFICIAL)

    options: Data

    def __init__(self, options: Data, seed: int = 0):
        super().__init__(options, seed)
        self.repeats = 1 if options.repeats is None else options.repeats
        if self.repeats < 1:
            raise ValueError(f"modality.data.repeats={self.repeats} must be 1 or more clips of each file")
        # what is out of range is refused now, not when the first file is read; a net's card says nothing of training
        for train in (False, True) if options.crop_scale is not None else (False,):
            self.load(train)

    def guess(self, root: Path | None) -> str:
        return sources.recognise(root, self.options, self.EXTENSIONS) or super().guess(root)

    def load(self, train: bool) -> Load:
        if self.options.short not in clips.SHORT:
            raise ValueError(f"modality.data.short must be one of {', '.join(clips.SHORT)}, not {self.options.short!r}")
        if self.options.decoder not in DECODERS:
            known = ", ".join(DECODERS)
            raise ValueError(f"modality.data.decoder must be one of {known}, not {self.options.decoder!r}")
        return LoadClip(self.options, clip_transform(self.options, train), train, self.targets.load)

    def uncropped(self, samples: Sequence[Sample], sizes: Sequence[int]) -> MediaDataset:
        load = LoadClip(replace(self.options, crops=1), WholeFrames(ShortSides(sizes)), False, self.targets.load)
        return MediaDataset(samples, load, views=self.clips_of(samples), on_error=self.options.on_error)

    def views(self, samples: Sequence[Sample]) -> int | list[int]:
        found, crops = self.clips_of(samples), self.options.crops
        return found * crops if isinstance(found, int) else [count * crops for count in found]

    def clips_of(self, samples: Sequence[Sample]) -> int | list[int]:
        """Clips of each file in evaluation: a number for all, or one for each."""
        if isinstance(self.options.clips, int):
            clips.even_starts(1, 1, self.options.clips)  # refuses a number below 1
            return self.options.clips
        return [
            len(clips.even_starts(frames_in(sample, self.options), self.options.span(), self.options.clips))
            for sample in progress(samples, "frames of every file")
        ]

    def reading(self) -> dict[str, Any]:
        """How many of the files read so far each decoder serves, and why not decord; nothing where one was chosen."""
        paths = (sample.path for samples in self.find().splits.values() for sample in samples)
        return decoders(paths) if self.options.decoder == "auto" else {}


def opened(path: str, options: Data) -> Reader:
    return open_video(path, bounds_of(options), options.decoder)


def bounds_of(options: Data) -> Bounds:
    return Bounds(options.max_pixels, options.max_seconds, options.follow_links)


def frames_of(sample: Sample, reader: Reader) -> tuple[int, int]:
    """The first frame that is the sample's, and how many are; of a segment those that begin in it, by the average rate.

    Raises:
        BadFile: a segment of a file that does not tell its frames a second, or behind its end.
    """
    if not sample.is_segment:
        return 0, reader.length
    if not reader.fps:
        raise BadFile(
            f"{sample.name}: the file does not say how many frames a second it has, so that a segment has none"
        )
    first, stop = sample.within(reader.length, reader.fps)
    return first, stop - first


def frames_in(sample: Sample, options: Data) -> int:
    """Number of frames; 1 of a file that cannot be read, which is then reported when its clip is."""
    try:
        return frames_of(sample, opened(sample.path, options))[1]
    except BadFile:
        return 1


def open_data(options: Data, seed: int, net: Net | None = None) -> VideoData:
    return VideoData(options, seed)
