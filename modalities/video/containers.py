"""file -> its first video stream, its frames in order, and the turn that sets them upright; FFmpeg through PyAV."""

import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import VideoReformatter
from torch import Tensor

from vggx.data.listing import BadFile, check_file

# first row, then second, of the matrix that sends a frame's column and row to those of the picture as it is shown
Turn = tuple[int, int, int, int]
UPRIGHT: Turn = (1, 0, 0, 1)

av.logging.set_level(av.logging.PANIC)


@contextmanager
def opened(path: str) -> Iterator[tuple[Any, Any]]:
    """The open container and its first stream of moving pictures; what FFmpeg finds wrong meanwhile is a `BadFile`.

    Raises:
        BadFile: naming the file: not a video, none that can be decoded in it, or an error on the way.
    """
    check_file(path)
    try:
        # a list of other files that calls itself a video must not lead to the network, a strange tag not to an error
        options = {"protocol_whitelist": "file"}
        with av.open(os.path.abspath(path), options=options, metadata_errors="ignore") as container:
            covers = av.stream.Disposition.attached_pic
            streams = [stream for stream in container.streams.video if not stream.disposition & covers]
            if not streams:
                raise BadFile(f"{path}: has no video in it")
            if streams[0].codec_context is None:
                raise BadFile(f"{path}: its video is of a kind that FFmpeg cannot decode")
            # one thread, because many processes read at once
            streams[0].codec_context.thread_count = 1
            yield container, streams[0]
    except av.FFmpegError as error:
        raise BadFile(f"{path}: is not a readable video ({error.strerror})") from error


def frames_of(path: str) -> Iterator[Any]:
    """All frames of a file in the order in which they come out of the decoder: what is called frame n is the n-th.

    Raises:
        BadFile: as `opened`, or decoding fails on the way.
    """
    number = 0
    with opened(path) as (container, stream):
        try:
            for frame in container.decode(stream):
                yield frame
                number += 1
        except av.FFmpegError as error:
            raise BadFile(f"{path}: decoding fails after {number} frames ({error.strerror})") from error


class ToRGB:
    """Frame -> (H, W, 3) bytes.

    In one thread, because many processes read at once, and because a process that inherits others' threads crashes
    when it clears them away.
    """

    def __init__(self) -> None:
        self.reformatter = VideoReformatter()

    def __call__(self, frame: Any) -> np.ndarray:
        return self.reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()


def turn_of(frame: Any) -> Turn:
    """How a frame is to be turned, by whole right angles and mirrored or not: the signs of its display matrix."""
    with suppress(ValueError):  # side data of a kind that this PyAV has no name for
        if matrix := frame.side_data.get("DISPLAYMATRIX"):
            a, b, _, c, d = struct.unpack("5i", bytes(matrix)[:20])
            return whole(a, b, c, d)
    angle = math.radians(frame.rotation)
    return whole(math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle))


def whole(a: float, b: float, c: float, d: float) -> Turn:
    """The nearest turn by right angles."""
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (-1 if a < 0 else 1, 0, 0, -1 if d < 0 else 1)
    return (0, -1 if b < 0 else 1, -1 if c < 0 else 1, 0)


def turned(clip: Tensor, turn: Turn) -> Tensor:
    """(T, 3, H, W) as coded -> as shown, with H and W exchanged after a quarter turn."""
    a, b, c, d = turn
    if b:
        clip = clip.transpose(2, 3)
    axes = [axis for axis, sign in ((2, b + d), (3, a + c)) if sign < 0]
    return torch.flip(clip, axes) if axes else clip
