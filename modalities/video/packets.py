"""file -> what its packets tell, found without decoding them: times, keyframes, length, and who reads it rightly.

The n-th frame of a file is what PyAV decodes n-th from its start. A packet's presentation time leads to the same
frame without decoding all that comes before, where times are what they should be; decord, which is given frame
numbers and seeks by itself, is right where in addition nothing after a keyframe hangs on what comes before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import av
import decord
import numpy as np
from decord._ffi.base import DECORDLimitReachedError

from modalities.video.bounds import Bounds
from modalities.video.containers import UPRIGHT, ToRGB, Turn, frames_of, opened, turn_of
from modalities.video.units import Units
from vggx.data.listing import BadFile

decord.logging.set_level(decord.logging.QUIET)
DECORD_ERRORS = (decord.DECORDError, DECORDLimitReachedError, RuntimeError, UnicodeError, AssertionError)

# FFmpeg's names of mp4, mov and their kin, and of mkv and webm: the containers that keep every presentation time
TIMED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
# pixels that both decoders make RGB of alike; others go through swscale's filters, which the two set differently
PIXELS = ("yuv420p", "yuvj420p")
MATRICES = (1, 2, 4, 5, 6, 7, 9)  # of ITU-T H.273, those that FFmpeg converts; decord takes others for BT.601
HELD_BACK = 16  # frames that H.264 and HEVC let a decoder hold back at most
PROGRESSIVE = (0, 1)  # of FFmpeg's field orders: unknown, progressive


@dataclass(frozen=True, eq=False)
class Packets:
    """The first video stream of a file.

    Attributes:
        container, codec: FFmpeg's names.
        width, height: of a frame as it is coded, pixels.
        turn: what sets it upright.
        fps: frames per second on the average, 0 where unknown.
        seconds: duration; 0 where unknown.
        length: frames.
        whole: the header speaks of as many frames as there are packets, or of none.
        times: presentation times of the packets in the order of decoding, in units of the stream; empty where they
            do not lead to frames, and the file must be decoded from its start.
        places: where in the file each of them lies, bytes.
        keys: which of them are keyframes.
        reason: why decord is not given the file; empty where it is.
    """

    container: str
    codec: str
    width: int
    height: int
    turn: Turn
    fps: float
    seconds: float
    length: int
    whole: bool
    times: np.ndarray
    places: np.ndarray
    keys: np.ndarray
    reason: str

    @property
    def timed(self) -> bool:
        return len(self.times) > 0

    @property
    def decoder(self) -> str:
        """Who reads it under modality.data.decoder=auto."""
        return "pyav" if self.reason else "decord"


class Walk:
    """What one pass over the packets of a stream shows, in the order of decoding.

    Attributes:
        first: the first frame that comes out of the decoder, or None.
        times, decoding: of each packet, when it is shown and when decoded, in units of the stream; None where unknown.
        places: where in the file it lies; -1 where unknown.
        keys: which packets are keyframes.
        marked: a packet is damaged or not to be shown.
        changes: a packet brings another header.
    """

    def __init__(self, packets: Iterable[Any], units: Units):
        self.first: Any = None
        self.times: list[int | None] = []
        self.decoding: list[int | None] = []
        self.places: list[int] = []
        self.keys: list[bool] = []
        self.marked = self.changes = False
        for packet in packets:
            if self.first is None:
                self.first = next(iter(packet.decode()), None)
            if not packet.size:  # the last one, which empties the decoder
                continue
            self.times.append(packet.pts)
            self.decoding.append(packet.dts)
            self.places.append(place_of(packet))
            self.keys.append(packet.is_keyframe)
            self.marked |= packet.is_discard or packet.is_corrupt
            self.changes |= packet.has_sidedata("new_extradata") or packet.has_sidedata("param_change")
            units.add(bytes(packet), packet.is_keyframe)

    def known(self) -> list[int]:
        return [time for time in self.times if time is not None]


def place_of(packet: Any) -> int:
    return -1 if packet.pos is None else packet.pos


def scan(path: str, bounds: Bounds) -> Packets:
    """Read a file's header and packets; decode its first frame, and all of them where times leave a doubt.

    Raises:
        BadFile: not a video, beyond the bounds, damaged, or without a frame.
    """
    with opened(path) as (container, stream):
        context, name, announced = stream.codec_context, container.format.name, stream.frames
        seconds = duration(container, stream)
        bounds.check(path, context.width, context.height, seconds)
        units = Units(context.codec.canonical_name, context.extradata)
        walk = Walk(container.demux(stream), units)
        if walk.first is None:
            raise BadFile(f"{path}: has no frame that can be decoded")
        against_times = doubt_of_times(walk, name, announced)
        against_decord = doubt_of_pictures(walk, stream) or units.doubt
        if len(container.streams.video) > 1:
            against_decord = "several video streams"
        reordered, codec = context.reorder_depth > 0, context.codec.canonical_name
        fps = float(stream.average_rate or stream.guessed_rate or 0)

    if not seconds and fps:
        seconds = len(walk.times) / fps
        bounds.check(path, walk.first.width, walk.first.height, seconds)
    times, length = walk.known(), len(walk.times)
    # where frames are reordered, times that rise from packet to packet are those of decoding under a false name
    if against_times or (reordered and rising(times)):
        shown = [frame.pts for frame in frames_of(path)]
        length = len(shown)
        if shown != sorted(times) or len(times) < len(walk.times):
            against_times = against_times or "times of decoding in the place of those of presentation"
            times = []
    reason = against_times or against_decord
    return Packets(
        container=name,
        codec=codec,
        width=walk.first.width,
        height=walk.first.height,
        turn=turn_of(walk.first),
        fps=fps,
        seconds=seconds,
        length=length,
        whole=announced in (0, len(walk.times)),
        times=np.array(times, np.int64),
        places=np.array(walk.places if times else [], np.int64),
        keys=np.flatnonzero(walk.keys if times else []),
        reason=reason or doubt_of_decord(path, length, ToRGB()(walk.first)),
    )


def duration(container: Any, stream: Any) -> float:
    """Seconds, of the stream or else of all that is in the file; 0 where no header says."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def doubt_of_times(walk: Walk, container: str, announced: int) -> str:
    """Why presentation times may not lead to frames; empty where they do."""
    if container not in TIMED:
        return f"container {container}"
    known = walk.known()
    order = [time for time in walk.decoding if time is not None]
    doubts = {
        "packets without a time": len(known) < len(walk.times),
        "packets that share a time": len(set(known)) < len(known),
        "times below zero": min(known, default=0) < 0,
        "packets marked as damaged or not to be shown": walk.marked,
        "a first packet that is no keyframe": not walk.keys[0],
        "frames before the first keyframe": known[:1] != [min(known, default=0)],
        "times of decoding that run back": not rising(order),
        "times far from the order of decoding": held_back(known) > HELD_BACK,
        "another count of frames in the header": announced not in (0, len(walk.times)),
    }
    return next((doubt for doubt, holds in doubts.items() if holds), "")


def doubt_of_pictures(walk: Walk, stream: Any) -> str:
    """Why decord may give other pixels or frames than PyAV where both know the times; empty where it does not."""
    frame = walk.first
    doubts = {
        "codec av1": stream.codec_context.codec.canonical_name == "av1",
        "open groups of pictures": leading(walk),
        "size or format changes": walk.changes,
        f"pixels {frame.format.name}": frame.format.name not in PIXELS,
        "odd height": frame.height % 2 == 1,
        f"colour matrix {frame.colorspace}": frame.colorspace not in MATRICES,
        "interlaced": frame.interlaced_frame or stream.codec_context.field_order not in PROGRESSIVE,
        "turned": turn_of(frame) != UPRIGHT,
    }
    return next((doubt for doubt, holds in doubts.items() if holds), "")


def leading(walk: Walk) -> bool:
    """Whether a frame is shown before the keyframe that it is decoded after."""
    times = np.array(walk.known())
    if len(times) < len(walk.times):
        return True  # who knows
    return bool((times < np.maximum.accumulate(np.where(walk.keys, times, times.min()))).any())


def held_back(times: Sequence[int]) -> int:
    """How many frames at most are decoded before one that is shown before them."""
    ranks = np.argsort(np.argsort(times))
    return int((np.arange(len(times)) - ranks).max(initial=0))


def rising(times: Sequence[int]) -> bool:
    return all(a < b for a, b in pairwise(times))


def doubt_of_decord(path: str, length: int, first: np.ndarray) -> str:
    """Why decord is not to read a file in which nothing else speaks against it; empty where it may.

    Args:
        first: (H, W, 3), the first frame by PyAV. decord's may differ by more than the known reasons: of some small
            widths, which ones hangs on the processor, it fails.
    """
    try:
        reader = decord.VideoReader(path, num_threads=1)
        if len(reader) != length:
            return "another count of frames by decord"
        return "" if np.array_equal(frames_by_decord(reader, [0])[0], first) else "other pixels by decord"
    except DECORD_ERRORS:
        return "an error of decord"


def frames_by_decord(reader: Any, numbers: Sequence[int]) -> np.ndarray:
    """(T, H, W, 3) bytes, whatever kind of array another user of decord in this process has told it to hand out."""
    with decord.bridge.use_torch():
        return reader.get_batch(list(numbers)).numpy()
