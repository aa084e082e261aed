"""path -> a reader that gives frames by number: of a file by decord or PyAV, whichever is right for it; of a folder."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

import av
import decord
import numpy as np
import torch
from torch import Tensor

from modalities.video.bounds import Bounds, check_numbers
from modalities.video.containers import ToRGB, frames_of, opened, turned
from modalities.video.frame_folder import FolderReader
from modalities.video.packets import DECORD_ERRORS, Packets, frames_by_decord, place_of
from modalities.video.scans import packets_of
from vggx.data.listing import BadFile

DECODERS = ("auto", "decord", "pyav")


class Reader(Protocol):
    """A video.

    Attributes:
        length: frames; they are numbered from 0.
        fps: frames per second on the average; 0 where nothing says.
    """

    length: int
    fps: float

    def read(self, numbers: Sequence[int]) -> Tensor:
        """These frames, in any order and as often as they are named: (T, 3, H, W) bytes, RGB, upright.

        Raises:
            BadFile: naming the frame that is not there or cannot be decoded.
        """


def open_video(path: str, bounds: Bounds, decoder: str = "auto") -> Reader:
    """A reader for the process that opens it: a decord reader that a forked process inherits hangs.

    Args:
        path: a video, or a folder of images.
        bounds: what is refused unread.
        decoder: decord or pyav, whatever the file; auto takes decord where it finds the right frames.

    Raises:
        BadFile: not a video that can be read, or one beyond the bounds.
    """
    if os.path.isdir(path):
        return FolderReader(path, bounds)
    packets = packets_of(path, bounds)
    if decoder == "decord" or (decoder == "auto" and packets.decoder == "decord"):
        return DecordReader(path, packets)
    return PyAVReader(path, packets)


class DecordReader:
    """Frames as decord finds them, which turns pictures upright by itself.

    Raises:
        BadFile: decord cannot open the file, or it is one that might crash it.
    """

    def __init__(self, path: str, packets: Packets):
        self.path, self.fps = path, packets.fps
        if not packets.whole:  # of frames that are not there decord may ask for more memory than there is, and abort
            raise BadFile(f"{path}: its header counts other frames than there are; modality.data.decoder=auto reads it")
        try:
            # no share of frames that cannot be decoded is small enough: decord would silently repeat the one before
            self.reader = decord.VideoReader(path, num_threads=1, fault_tol=1e-9)
        except DECORD_ERRORS as error:
            raise BadFile(f"{path}: decord finds no readable video in it ({said(error)})") from error
        self.length = len(self.reader)

    def read(self, numbers: Sequence[int]) -> Tensor:
        check_numbers(self.path, numbers, self.length)
        try:
            frames = frames_by_decord(self.reader, numbers)
        except DECORD_ERRORS as error:
            some = f"frames {min(numbers)} to {max(numbers)}"
            raise BadFile(f"{self.path}: {some} cannot be decoded ({said(error)})") from error
        return torch.from_numpy(frames).permute(0, 3, 1, 2)


class PyAVReader:
    """Frames found by their times from a keyframe before them, or counted from the start of the file."""

    def __init__(self, path: str, packets: Packets):
        self.path, self.packets = path, packets
        self.length, self.fps = packets.length, packets.fps

    def read(self, numbers: Sequence[int]) -> Tensor:
        check_numbers(self.path, numbers, self.length)
        found = self.find(numbers) if self.packets.timed else None
        return self.upright(found) if found else self.count(numbers)

    def upright(self, clip: "Clip") -> Tensor:
        return turned(torch.from_numpy(clip.frames).permute(0, 3, 1, 2), self.packets.turn)

    def find(self, numbers: Sequence[int]) -> "Clip | None":
        """Look for the frames by their times; None where they do not come as the scan lets expect."""
        clip = Clip(self.path, self.packets, numbers)
        order = np.sort(self.packets.times)
        wanted = {int(order[number]): number for number in clip.missing}
        with suppress(BadFile), opened(self.path) as (container, stream):
            for packet in self.packets_for(min(wanted), container, stream):
                for frame in packet.decode():
                    if frame.pts in wanted:
                        clip.put(wanted.pop(frame.pts), frame)
                if not clip.missing:
                    return clip
        return None

    def packets_for(self, time: int, container: Any, stream: Any) -> Iterator[Any]:
        """Packets to decode for the frames from `time` on; they end where they are not those of the scan.

        They begin a keyframe earlier than the last one before that time, for what hangs on frames before its keyframe;
        and the search aims at one more, because in some containers it ends one late.
        """
        times, keys = self.packets.times, self.packets.keys
        known = list(zip(times.tolist(), self.packets.places.tolist(), strict=True))
        earlier = keys[times[keys] <= time]
        expected = iter(known) if len(earlier) < 3 else None
        if expected is None:
            container.seek(int(times[earlier[-3]]), stream=stream)
        for packet in container.demux(stream):
            found = packet.pts, place_of(packet)
            if expected is None:
                if packet.size and not packet.is_keyframe:
                    continue
                first = known[: earlier[-2] + 1]
                if found not in first:
                    return
                expected = iter(known[first.index(found) :])
            if packet.size and found != next(expected, None):
                return
            yield packet

    def count(self, numbers: Sequence[int]) -> Tensor:
        return next(self.walk([numbers]))

    def walk(self, pieces: Iterable[Sequence[int]]) -> Iterator[Tensor]:
        """Frames counted from the start of the file: (T, 3, H, W) of each piece, all behind the one before.

        Raises:
            BadFile: naming the frame that does not come, or as `Clip.put`.
        """
        frames = enumerate(frames_of(self.path))
        for numbers in pieces:
            clip = Clip(self.path, self.packets, numbers)
            while clip.missing:
                number, frame = next(frames, (None, None))
                if number is None:
                    raise BadFile(f"{self.path}: frame {min(clip.missing)} does not come out of the decoder")
                if number in clip.missing:
                    clip.put(number, frame)
            yield self.upright(clip)


class Clip:
    """Frames being collected.

    Attributes:
        frames: (T, H, W, 3) bytes, as coded.
        missing: numbers of the frames that are still to come.
    """

    def __init__(self, path: str, packets: Packets, numbers: Sequence[int]):
        self.path = path
        self.frames = np.empty((len(numbers), packets.height, packets.width, 3), np.uint8)
        self.places: dict[int, list[int]] = {}
        for place, number in enumerate(numbers):
            self.places.setdefault(number, []).append(place)
        self.missing = set(numbers)
        self.rgb = ToRGB()

    def put(self, number: int, frame: Any) -> None:
        """Take in a frame.

        Raises:
            BadFile: it is damaged, of another size than the first of the file, or of colours that cannot be converted.
        """
        height, width = self.frames.shape[1:3]
        check_frame(self.path, number, frame, width, height)
        try:
            self.frames[self.places[number]] = self.rgb(frame)
        except av.FFmpegError as error:
            pixels = f"{frame.format.name} of colour matrix {frame.colorspace}"
            raise BadFile(f"{self.path}: frame {number}, {pixels}, cannot be made RGB ({error.strerror})") from error
        self.missing.remove(number)


def check_frame(path: str, number: int, frame: Any, width: int, height: int) -> None:
    """Refuse a frame that is not what the first of its file lets expect.

    Raises:
        BadFile: it is damaged, or of another size.
    """
    if frame.is_corrupt:
        raise BadFile(f"{path}: frame {number} is damaged")
    if (frame.width, frame.height) != (width, height):
        raise BadFile(
            f"{path}: frame {number} is {frame.width} x {frame.height}, the first is {width} x {height}: the "
            "frames of a video have one size"
        )


def said(error: Exception) -> str:
    """decord's message without time, place in its source and C++ stack."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return re.sub(r"^\[[\d:]+\] \S+: (Check failed: )?", "", lines[0])[:200] if lines else type(error).__name__
