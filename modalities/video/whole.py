"""a video of any length -> a strip of what the net eats of all of it, uncropped; memory does not grow with the file."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from modalities.video import containers
from modalities.video.clips import frame_numbers
from modalities.video.data import bounds_of
from modalities.video.frame_folder import FolderReader
from modalities.video.options import Data, Net
from modalities.video.readers import PyAVReader
from modalities.video.scans import packets_of
from vggx.data.crops import ShortSides
from vggx.data.listing import BadFile
from vggx.net import PreparedNet
from vggx.options import given

PIECE = 16  # frames that are decoded at once


class FilmStrip:
    """See `vggx.inference.cells.TimedStrip`; a position is a frame of the file, `stride` behind the one before.

    Frames come one after the other from the start of the file, by PyAV (a decord reader's memory grows with all that it
    has read). What lies further back than the last that was read is decoded anew.

    Attributes:
        length: positions.
    """

    def __init__(self, path: str, options: Data, size: int, net: PreparedNet):
        self.path, self.options, self.net = path, options, net
        self.scale = ShortSides([size])
        self.stride, span = given(options.frame_stride, "frame_stride"), options.span()
        bounds = bounds_of(options)
        folder = os.path.isdir(path)
        self.reader = FolderReader(path, bounds) if folder else PyAVReader(path, packets_of(path, bounds))
        self.numbers: Sequence[int] = range(0, self.reader.length, self.stride)
        if self.reader.length < span:
            # as a clip of such a file
            try:
                self.numbers = frame_numbers(0, span, self.stride, self.reader.length, options.short)
            except ValueError as error:
                raise BadFile(f"{path}: {error}") from error
        self.length = len(self.numbers)
        self.rewind()

    def rewind(self) -> None:
        self.coming = self.reader.walk(self.pieces())
        self.first, self.held = 0, deque[Tensor]()  # position of the first frame that is held

    def pieces(self) -> Iterator[Sequence[int]]:
        """Numbers of the frames that are read at once; all of a file shorter than a clip, of which some come twice."""
        size = PIECE if isinstance(self.numbers, range) else self.length
        return (self.numbers[first : first + size] for first in range(0, self.length, size))

    def read(self, start: int, stop: int) -> Tensor:
        if start < self.first:
            self.rewind()
        while self.first + len(self.held) < stop:
            self.held.extend(self.scale(next(self.coming))[0])
            self.drop(start)
        self.drop(start)
        clip = torch.stack(list(islice(self.held, stop - start)), 1)[None].to(self.net.normalise.mean.device)
        return self.net.normalise(clip)[0]

    def drop(self, start: int) -> None:
        while self.held and self.first < start:
            self.held.popleft()
            self.first += 1

    @cached_property
    def stamps(self) -> np.ndarray:
        """When each frame is shown, seconds from the first one's on, and when the last one ends.

        Raises:
            BadFile: nothing says.
        """
        fps, length = self.reader.fps, self.reader.length
        if not fps:
            raise BadFile(f"{self.path}: does not say how many frames a second it has, so that they have no times")
        if isinstance(self.reader, FolderReader) or not self.reader.packets.timed:
            return np.arange(length + 1) / fps
        with containers.opened(self.path) as (_, stream):
            shown = np.sort(self.reader.packets.times) * float(stream.time_base)
        return np.append(shown, shown[-1] + 1 / fps) - shown[0]

    @property
    def seconds(self) -> float:
        return float(self.stamps[-1])

    def times(self, position: float) -> tuple[float, float, float]:
        """When a position's frame is first shown, twice, and when it is shown no longer."""
        number = position * self.stride
        shown, gone = np.interp([number, number + 1], np.arange(len(self.stamps)), self.stamps).tolist()
        return shown, shown, gone


@contextmanager
def strip(net: PreparedNet, options: Net, data: Data, path: str, size: int | None = None) -> Iterator[FilmStrip]:
    """A file as the net eats it: frames 0, `frame_stride`, twice that, ...; of a file shorter than a clip, the clip.

    Args:
        size: of the short side, pixels; as in evaluation where None.

    Raises:
        BadFile: as `modalities.video.readers.open_video`; its reading raises as `Reader.read`.
    """
    yield FilmStrip(path, data, data.evaluated_side() if size is None else size, net)
