"""modalities.video.units: the units of x264's and x265's packets, whose kinds their options dictate."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modalities.video.units import SYNTAX, Units, split

IDR, SLICE = 5, 1  # of H.264


def packets(path: Path) -> tuple[bytes, list[tuple[bytes, bool]]]:
    """The codec's header, and of every packet its bytes and whether it is called a keyframe."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.codec_context.extradata, [
            (bytes(packet), packet.is_keyframe) for packet in container.demux(stream) if packet.size
        ]


def doubt(path: Path, codec: str, change: Callable[[bytes], bytes] = bytes) -> str:
    header, found = packets(path)
    units = Units(codec, header)
    for packet, keyframe in found:
        units.add(change(packet), keyframe)
    return units.doubt


@given(st.lists(st.binary(min_size=1, max_size=70)), st.sampled_from([1, 2, 4]))
def test_a_packet_is_split_where_it_was_put_together(units: list[bytes], width: int) -> None:
    assert list(split(b"".join(len(unit).to_bytes(width) + unit for unit in units), width)) == units


@pytest.mark.parametrize("packet", ["000000056500", "0000000065", "00000001650000", "000000"])
def test_a_packet_shorter_or_longer_than_its_units(packet: str) -> None:
    with pytest.raises(ValueError, match=r"a unit from byte \d to \d+ in a packet of \d"):
        list(split(bytes.fromhex(packet), 4))


def test_the_slices_of_x264(film: Callable[..., Path]) -> None:
    path = film("units.mp4", "libx264", **{"x264-params": "keyint=10:scenecut=0:bframes=2:open-gop=0"})
    syntax, (_, found) = SYNTAX["h264"], packets(path)
    kinds = [[syntax.kind(unit) for unit in split(packet, 4)] for packet, _ in found]
    first = [next(kind for kind in of_packet if kind in syntax.slices) for of_packet in kinds]
    assert Counter(first) == {IDR: 6, SLICE: 54}
    assert [kind == IDR for kind in first] == [keyframe for _, keyframe in found]


@pytest.mark.parametrize(
    ("codec", "parameters", "expected"),
    [
        ("h264", "keyint=10:scenecut=0:open-gop=0", ""),
        ("h264", "keyint=10:min-keyint=10:scenecut=0:open-gop=1:bframes=3", "keyframes that need frames before them"),
        ("h264", "keyint=20:intra-refresh=1:bframes=0", "keyframes that need frames before them"),
        ("hevc", "keyint=10:open-gop=0:log-level=none", ""),
        ("hevc", "keyint=10:log-level=none", "keyframes that need frames before them"),
    ],
)
def test_where_decoding_can_start(film: Callable[..., Path], codec: str, parameters: str, expected: str) -> None:
    encoder = {"h264": "x264", "hevc": "x265"}[codec]
    name = f"{codec} {len(parameters)}.mp4"
    path = film(name, f"lib{encoder}", **{f"{encoder}-params": parameters})
    assert doubt(path, codec) == expected


def test_damage_is_seen_where_it_meets_a_length(film: Callable[..., Path]) -> None:
    path = film("damaged units.mp4", "libx264", g="10")
    assert doubt(path, "h264") == ""
    assert doubt(path, "h264", lambda packet: packet[:-1]) == "damaged packets"
    assert doubt(path, "h264", lambda packet: b"\xff" + packet[1:]) == "damaged packets"


def test_a_stream_without_lengths_is_not_looked_into(film: Callable[..., Path]) -> None:
    path = film("units.ts", "libx264", g="10")
    assert doubt(path, "h264") == "units without lengths"
    assert doubt(path, "mpeg4") == ""  # nothing is known of its packets


@pytest.mark.parametrize(
    ("name", "encoder", "options"),
    [
        ("vp8.webm", "libvpx", {"g": "10"}),
        ("vp9.webm", "libvpx-vp9", {"g": "10"}),
        ("h264.mkv", "libx264", {"x264-params": "keyint=10:repeat-headers=1"}),
    ],
)
def test_another_size_within_the_stream(
    film: Callable[..., Path], name: str, encoder: str, options: dict[str, str]
) -> None:
    header, small = packets(film(f"small {name}", encoder, **options))
    _, large = packets(film(f"large {name}", encoder, side=192, **options))
    units = Units(name.partition(".")[0], header)
    for packet, keyframe in small:
        units.add(packet, keyframe)
    assert units.doubt == ""
    for packet, keyframe in large:
        units.add(packet, keyframe)
    assert units.doubt == "size or format changes"
