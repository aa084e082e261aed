"""the bytes of packets -> what they say of the stream: what a keyframe really is, whether its size changes.

A container calls keyframe what its writer said; in H.264 and HEVC only the unit (ITU-T H.264, table 7-1; H.265, table
7-1) tells whether decoding can start there. In mp4 and mkv the length of a unit stands before it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Syntax:
    """The numbers of unit types.

    Attributes:
        shift, mask: where the type stands in a unit's first byte.
        length: index of the byte of the codec's header whose last two bits hold the bytes of a unit's length, less one.
        slices: types that hold a piece of a picture.
        fresh: those of pictures before which nothing is needed.
        sequence: the type that says size and format.
    """

    shift: int
    mask: int
    length: int
    slices: range
    fresh: tuple[int, ...]
    sequence: int

    def kind(self, unit: bytes) -> int:
        return unit[0] >> self.shift & self.mask


SYNTAX = {
    "h264": Syntax(shift=0, mask=31, length=4, slices=range(1, 6), fresh=(5,), sequence=7),
    "hevc": Syntax(shift=1, mask=63, length=21, slices=range(32), fresh=(19, 20), sequence=33),
}

# where a keyframe of VP8 (RFC 6386, 9.1) and of VP9 in profile 0 (its specification, 6.2) says its width and height
SIZES: dict[str, Callable[[bytes], bytes | int]] = {
    "vp8": lambda packet: packet[6:10],
    "vp9": lambda packet: int.from_bytes(packet[4:9]) >> 4,
}


class Units:
    """Collects what the packets of one stream show; `doubt` is the first thing found against them, or empty.

    Args:
        codec: FFmpeg's name; a codec that is in none of the tables above has nothing to check.
        header: the codec's header as it stands in the container.
    """

    def __init__(self, codec: str, header: bytes | None):
        self.syntax, self.size = SYNTAX.get(codec), SIZES.get(codec)
        self.doubt = ""
        self.sequences: set[bytes | int] = set()
        if self.syntax is not None:
            if header and header[0] == 1 and len(header) > self.syntax.length:
                self.width = (header[self.syntax.length] & 3) + 1
            else:
                self.doubt = "units without lengths"

    def add(self, packet: bytes, keyframe: bool) -> None:
        if self.doubt:
            return
        if self.size and keyframe:
            self.sequences.add(self.size(packet))
        if self.syntax:
            self.doubt = self.look_into(packet, keyframe, self.syntax)
        if len(self.sequences) > 1:
            self.doubt = self.doubt or "size or format changes"

    def look_into(self, packet: bytes, keyframe: bool, syntax: Syntax) -> str:
        first = None
        try:
            for unit in split(packet, self.width):
                kind = syntax.kind(unit)
                if kind == syntax.sequence:
                    self.sequences.add(unit)
                elif first is None and kind in syntax.slices:
                    first = kind
        except ValueError:
            return "damaged packets"
        return "keyframes that need frames before them" if keyframe and first not in syntax.fresh else ""


def split(packet: bytes, width: int) -> Iterator[bytes]:
    """The units of a packet, each behind its length in `width` bytes.

    Raises:
        ValueError: a length that the packet has no bytes for.
    """
    at = 0
    while at < len(packet):
        start = at + width
        at = start + int.from_bytes(packet[at:start])
        if not start < at <= len(packet):
            raise ValueError(f"a unit from byte {start} to {at} in a packet of {len(packet)}")
        yield packet[start:at]
