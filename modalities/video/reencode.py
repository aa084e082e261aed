"""a video or a folder of frames -> the same frames, smaller, in an mp4 of which any clip is soon read."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import ColorRange, VideoReformatter

from modalities.video import clip_rates
from modalities.video.bounds import Bounds
from modalities.video.containers import UPRIGHT, ToRGB, Turn, frames_of, turned
from modalities.video.data import VideoData, bounds_of
from modalities.video.frame_folder import FolderReader
from modalities.video.packets import MATRICES, scan
from modalities.video.readers import check_frame
from modalities.video.scans import packets_of
from vggx.data.listing import BadFile
from vggx.files import atomic

FPS = 25  # of a folder of frames, and of a file that does not say
PIXELS = "yuv420p"
UNSPECIFIED = 2  # of ITU-T H.273: the colour matrix that all take for BT.601
FULL = (errno.ENOSPC, errno.EDQUOT)  # which no other file would fare better with


@dataclass(frozen=True)
class Film:
    """What is to be encoded.

    Attributes:
        length: frames.
        width, height: of a frame as it is coded, pixels.
        fps: frames per second on the average; 0 where unknown.
        turn: what sets a frame upright.
        bytes: of the file, or of all images.
        frames: as they come, each an `av.VideoFrame`.
    """

    length: int
    width: int
    height: int
    fps: float
    turn: Turn
    bytes: int
    frames: Iterator[Any]

    @property
    def rate(self) -> Fraction:
        return Fraction(self.fps).limit_denominator(1001) or Fraction(FPS)


def film_of(path: str, bounds: Bounds) -> Film:
    """
    Raises:
        BadFile: as `modalities.video.readers.open_video`; the frames raise it too.
    """
    if not os.path.isdir(path):
        found = packets_of(path, bounds)
        facts = found.length, found.width, found.height, found.fps, found.turn
        return Film(*facts, os.path.getsize(path), frames_of(path))
    folder = FolderReader(path, bounds)
    height, width, _ = folder.frame(0).shape
    images = (av.VideoFrame.from_ndarray(folder.frame(number), format="rgb24") for number in range(folder.length))
    return Film(folder.length, width, height, 0.0, UPRIGHT, sum(map(os.path.getsize, folder.files)), images)


@dataclass(frozen=True)
class Encoder:
    """(source, target) -> the target, written if it is not there; picklable, so that many processes can do it.

    Attributes:
        short_side: of the new pictures, pixels; smaller ones keep their size, but for a last odd row or column.
        keyframe_every: frames from one keyframe to the next. Groups are closed.
        crf: of x264, 0 to 51: the lower, the better and larger.
        bounds: what is refused unread.

    Raises:
        ValueError: an option out of range.
    """

    short_side: int
    keyframe_every: int
    crf: float
    bounds: Bounds

    def __post_init__(self) -> None:
        if not is_number(self.short_side, int) or self.short_side < 2 or self.short_side % 2:
            raise ValueError(f"short_side must be an even number of pixels, such as 256, not {self.short_side}")
        if not is_number(self.keyframe_every, int) or self.keyframe_every < 1:
            raise ValueError(f"keyframe_every must be a number of frames from 1 on, not {self.keyframe_every}")
        if not is_number(self.crf, int, float) or not 0 <= self.crf <= 51:
            raise ValueError(f"crf must be a number from 0 to 51, not {self.crf}")

    def __call__(self, source: str, target: Path) -> dict[str, Any]:
        """Encode a file, unless the target has all its frames already and is no older.

        Returns:
            {frames, seconds, bytes_before, bytes_after, encode_seconds}: the last is None of a target that was there.

        Raises:
            BadFile: the source cannot be read from its first frame to its last, or not be encoded.
            OSError: the target cannot be written.
        """
        started = time.perf_counter()
        film = film_of(source, self.bounds)
        there = self.is_done(source, target, film.length)
        if not there:
            with atomic(target) as temporary:
                self.write(source, film, temporary)
                doubt = self.doubt(temporary, film.length)
                if doubt:
                    raise BadFile(f"{source}: encoded anew it is not read rightly: {doubt}")
        return {
            "frames": film.length,
            "seconds": float(film.length / film.rate),
            "bytes_before": film.bytes,
            "bytes_after": os.path.getsize(target),
            "encode_seconds": None if there else time.perf_counter() - started,
        }

    def is_done(self, source: str, target: Path, frames: int) -> bool:
        with suppress(BadFile, OSError):
            return os.path.getmtime(target) >= os.path.getmtime(source) and not self.doubt(target, frames)
        return False

    def doubt(self, path: Path, frames: int) -> str:
        """What speaks against a file that was written; empty where all its frames are there and decord reads them."""
        found = scan(str(path), self.bounds)
        return found.reason if found.length == frames else f"{found.length} frames, not {frames}"

    def write(self, source: str, film: Film, target: Path) -> None:
        to_planes = ToPlanes(self.size(film.width, film.height), film.turn)
        number = 0
        try:
            with av.open(str(target), "w", options={"movflags": "faststart"}) as container:
                stream = container.add_stream("libx264", rate=film.rate, options=self.options())
                stream.width, stream.height = to_planes.size if film.turn[0] else to_planes.size[::-1]
                stream.pix_fmt = PIXELS
                stream.codec_context.thread_count = 1
                for frame in film.frames:
                    check_frame(source, number, frame, film.width, film.height)
                    planes = to_planes(frame)
                    if number == 0:
                        stream.codec_context.colorspace = to_planes.matrix
                    picture = av.VideoFrame.from_ndarray(planes, format=PIXELS)
                    picture.pts, picture.time_base = number, 1 / film.rate
                    container.mux(stream.encode(picture))
                    number += 1
                if number != film.length:
                    raise BadFile(f"{source}: {number} frames come out of the decoder, {film.length} should")
                container.mux(stream.encode())
        except av.FFmpegError as error:
            if error.errno in FULL:
                raise OSError(error.errno, error.strerror, str(target)) from error
            raise BadFile(f"{source}: frame {number} cannot be encoded ({error.strerror})") from error

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Even sides, of which the shorter is `short_side` or, where the picture is smaller, as it is."""
        short = min(width, height)
        if short <= self.short_side:
            return max(2, width // 2 * 2), max(2, height // 2 * 2)
        wide, high = ((side * self.short_side + short) // (2 * short) * 2 for side in (width, height))
        return wide, high

    def options(self) -> dict[str, str]:
        # what is read in every epoch should be quick to decode: x264 leaves out arithmetic coding and the filter
        # across the edges of blocks, for a little more bytes; and no frame waits for a later one
        groups = f"keyint={self.keyframe_every}:min-keyint={self.keyframe_every}:scenecut=0:open-gop=0:bframes=0"
        return {"crf": str(self.crf), "tune": "fastdecode", "x264-params": groups}


class ToPlanes:
    """Frame as coded -> upright yuv420p of another size, ((H * 3 / 2), W) bytes.

    Luma and chroma are scaled as they are where the frame has them in the new file's form; what else there is (other
    pixels, full range, a rare colour matrix) goes the way by RGB, as the readers show it, which blurs colours a little.

    Attributes:
        size: width and height before the frame is turned.
        matrix: of the colours, a number of ITU-T H.273; that of the first frame where it can stay.
    """

    def __init__(self, size: tuple[int, int], turn: Turn):
        self.size, self.turn = size, turn
        self.matrix: Any = None
        self.rgb, self.reformatter = ToRGB(), VideoReformatter()

    def __call__(self, frame: Any) -> np.ndarray:
        plain = frame.format.name == PIXELS and frame.color_range != ColorRange.JPEG and frame.colorspace in MATRICES
        if self.matrix is None:
            self.matrix = frame.colorspace if plain else UNSPECIFIED
        if not plain or frame.colorspace != self.matrix:
            frame = av.VideoFrame.from_ndarray(self.rgb(frame), format="rgb24")
            frame.colorspace = self.matrix  # the one that RGB is taken apart by
        wide, high = self.size
        scaled = self.reformatter.reformat(frame, wide, high, PIXELS, interpolation="BICUBIC", threads=1)
        flat, luma = torch.from_numpy(scaled.to_ndarray()).flatten(), wide * high
        planes = flat[:luma].view(1, 1, high, wide), flat[luma:].view(1, 2, high // 2, wide // 2)
        upright = torch.cat([turned(plane, self.turn).flatten() for plane in planes])
        return upright.view(-1, wide if self.turn[0] else high).numpy()


def is_number(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def encoder(data: VideoData, **options: Any) -> Encoder:
    """Of the files of a data set, within the bounds that its options set; `options` are those of `Encoder`."""
    return Encoder(**options, bounds=bounds_of(data.options))


def gain(data: VideoData, pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    """How much sooner clips are read of the new files, (old, new) each; see `modalities.video.clip_rates.compare`."""
    return clip_rates.compare(data.options, pairs, data.seed)
