"""video files or the embedded moving digits -> batches of (N, 3, T, size, size) bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import decord
import torch
from torch import Tensor

from modalities.video import clips, moving_digits
from modalities.video.options import Data
from modalities.video.transforms import ClipTransform, clip_transform
from vggx.data import sources
from vggx.data.datamodule import Source, SplitData, check_file
from vggx.data.dataset import Load
from vggx.data.embedded import embedded
from vggx.data.listing import BadFile, Listing, Sample
from vggx.options import DataOptions, given
from vggx.progress import progress

decord.logging.set_level(decord.logging.QUIET)


def open_video(path: str) -> Any:
    """A decord reader of its own, with one thread: a reader that a forked process inherits hangs.

    Raises:
        BadFile: not a video, or one without frames.
    """
    check_file(path)
    try:
        reader = decord.VideoReader(path, num_threads=1)
        length = len(reader)
    except (decord.DECORDError, RuntimeError, UnicodeError) as error:
        raise BadFile(f"{path}: decord finds no readable video in it ({reason(error)})") from error
    if length == 0:
        raise BadFile(f"{path}: has no frames")
    return reader


def read_frames(reader: Any, numbers: Sequence[int], path: str) -> Tensor:
    """(T, 3, H, W) bytes of these frames.

    Raises:
        BadFile: they cannot be decoded.
    """
    try:
        frames = reader.get_batch(list(numbers)).asnumpy()
    except (decord.DECORDError, RuntimeError, IndexError) as error:
        raise BadFile(f"{path}: frames {numbers[0]} to {numbers[-1]} cannot be decoded ({reason(error)})") from error
    return torch.from_numpy(frames).permute(0, 3, 1, 2)


def reason(error: Exception) -> str:
    """decord's message without its C++ stack."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].rpartition("Check failed: ")[2][:200] if lines else type(error).__name__


@dataclass(frozen=True)
class LoadClip:
    """sample -> (3, T, size, size) bytes: a random clip in training, one of evenly spread ones in evaluation."""

    options: Data
    transform: ClipTransform
    train: bool

    def __call__(self, sample: Sample, view: int, views: int) -> Tensor:
        reader = open_video(sample.path)
        length, span = len(reader), self.options.span()
        if self.train:
            start = clips.random_start(length, span)
        else:
            starts = clips.even_starts(length, span, self.options.clips)
            start = starts[min(view, len(starts) - 1)]
        try:
            numbers = clips.frame_numbers(
                start, span, given(self.options.frame_stride, "frame_stride"), length, self.options.short
            )
        except ValueError as error:
            raise BadFile(f"{sample.path}: {error}") from error
        return self.transform(read_frames(reader, numbers, sample.path))


def embedded_moving_digits(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    return sources.folder(embedded("moving_digits-1", moving_digits.write), options, extensions)


class VideoData(SplitData):
    """Clips of one length, stride and size; `clips` of them a file in evaluation."""

    EXTENSIONS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".flv")
    SOURCES: ClassVar[dict[str, Source]] = {**SplitData.SOURCES, "moving_digits": embedded_moving_digits}
    EMBEDDED = ("moving_digits",)

    options: Data

    def load(self, train: bool) -> Load:
        if self.options.short not in clips.SHORT:
            raise ValueError(f"modality.data.short must be one of {', '.join(clips.SHORT)}, not {self.options.short!r}")
        return LoadClip(self.options, clip_transform(self.options, train), train)

    def views(self, samples: Sequence[Sample]) -> int | list[int]:
        if isinstance(self.options.clips, int):
            clips.even_starts(1, 1, self.options.clips)  # refuses a number below 1
            return self.options.clips
        return [
            len(clips.even_starts(frames_in(sample.path), self.options.span(), self.options.clips))
            for sample in progress(samples, "frames of every file")
        ]


def frames_in(path: str) -> int:
    """Number of frames; 1 of a file that cannot be read, which is then reported when its clip is."""
    try:
        return len(open_video(path))
    except BadFile:
        return 1


def open_data(options: Data, seed: int) -> VideoData:
    return VideoData(options, seed)
