"""modalities.video.readers: every frame of real files against PyAV's in order; odd, damaged and huge files."""

import os
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modalities.video.bounds import Bounds
from modalities.video.readers import DecordReader, PyAVReader, open_video
from modalities.video.scans import packets_of
from vggx.data.listing import BadFile

BOUNDS = Bounds(10**7, 60)
X264 = {"x264-params": "keyint=10:scenecut=0:bframes=2:open-gop=0"}


def read(path: Path, numbers: Any, decoder: str = "auto") -> torch.Tensor:
    return open_video(str(path), BOUNDS, decoder).read(numbers)


def assert_equal_to_sequential(path: Path, expected: np.ndarray, decoder: str) -> None:
    reader = open_video(str(path), BOUNDS, decoder)
    assert reader.length == len(expected)
    for start in range(0, len(expected), 16):
        numbers = range(start, min(start + 16, len(expected)))
        # a reader of its own each time: the clip is sought in the file, not reached by reading on
        assert np.array_equal(read(path, numbers, decoder).permute(0, 2, 3, 1).numpy(), expected[list(numbers)]), start


# real files


@pytest.mark.parametrize("decoder", ["auto", "pyav"])
@pytest.mark.parametrize(
    "name",
    [
        "C3D__v_ApplyEyeMakeup_g01_c01.avi",
        "mmaction2__demo.mp4",
        "decord__flipping_a_pancake.mkv",
        "torchcodec__h265_video.mp4",
        "torchcodec__av1_video.mkv",
    ],
)
def test_all_frames_of_real_files(shared_data: Path, by_pyav: Callable[..., Any], name: str, decoder: str) -> None:
    path = shared_data / "media" / "video" / name
    assert_equal_to_sequential(path, by_pyav(path), decoder)


def test_a_real_file_with_damaged_packets(shared_data: Path) -> None:
    path = shared_data / "media" / "video" / "decord__corrupted.mp4"
    expected = []
    with av.open(str(path)) as container, suppress(av.InvalidDataError):
        for frame in container.decode(video=0):
            expected.append(frame.to_ndarray(format="rgb24"))
    assert len(expected) == 28
    assert np.array_equal(read(path, range(28)).permute(0, 2, 3, 1).numpy(), np.stack(expected))
    with pytest.raises(BadFile, match=r"corrupted\.mp4: decoding fails after 28 frames \(Invalid data found"):
        read(path, range(20, 36))


def surveillance(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "fight_surv").rglob("*.mp4"))


def test_all_frames_of_surveillance_clips(shared_data: Path, by_pyav: Callable[..., Any]) -> None:
    for path in surveillance(shared_data)[::15]:
        assert isinstance(open_video(str(path), BOUNDS), DecordReader)
        assert_equal_to_sequential(path, by_pyav(path), "auto")


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["auto", "pyav"])
def test_all_frames_of_all_surveillance_clips(shared_data: Path, by_pyav: Callable[..., Any], decoder: str) -> None:
    paths = surveillance(shared_data)
    assert len(paths) == 300
    for path in paths:
        assert_equal_to_sequential(path, by_pyav(path), decoder)


# any clip


@pytest.mark.parametrize("name", ["any.mp4", "any open.mkv", "any.avi", "any.flv"])
def test_any_numbers_in_any_order(film: Callable[..., Path], numbers_in: Callable[..., list[int]], name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    gop = "keyint=6:min-keyint=6:scenecut=0:bframes=2:open-gop="
    how = {"g": "6", "bf": "1"} if codec == "mpeg4" else {"x264-params": gop + ("1" if "open" in name else "0")}
    films = {count: film(f"{count} {name}", codec, count=count, **how) for count in (1, 2, 7, 30)}

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        count = data.draw(st.sampled_from(sorted(films)))
        numbers = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=12))
        decoder = data.draw(st.sampled_from(["auto", "pyav"]))
        clip = read(films[count], numbers, decoder)
        assert (clip.shape, clip.dtype) == ((len(numbers), 3, 96, 96), torch.uint8)
        assert numbers_in(clip) == numbers

    check()


@settings(max_examples=40, deadline=None)
@given(
    start=st.integers(-3, 62),
    stride=st.integers(1, 9),
    frames=st.integers(1, 9),
    decoder=st.sampled_from(["decord", "pyav"]),
)
def test_clips_within_the_file_and_beyond(
    film: Callable[..., Path], numbers_in: Callable[..., list[int]], start: int, stride: int, frames: int, decoder: str
) -> None:
    path, numbers = film("beyond.mp4", "libx264", **X264), range(start, start + stride * frames, stride)
    odd = [number for number in numbers if number not in range(60)]
    if not odd:
        assert numbers_in(read(path, numbers, decoder)) == list(numbers)
    else:
        with pytest.raises(BadFile, match=rf"beyond\.mp4: has no frame {odd[0]}: they are 0 to 59"):
            read(path, numbers, decoder)


# choice


def test_the_decoder_that_is_asked_for(film: Callable[..., Path]) -> None:
    path = str(film("choice.mp4", "libx264", **X264))
    assert isinstance(open_video(path, BOUNDS), DecordReader)
    assert isinstance(open_video(path, BOUNDS, "pyav"), PyAVReader)
    path = str(film("choice.avi", "mpeg4", g="10", bf="2"))
    assert isinstance(open_video(path, BOUNDS), PyAVReader)
    assert isinstance(open_video(path, BOUNDS, "decord"), DecordReader)
    assert open_video(path, BOUNDS).fps == 25


def test_decord_alone_cannot_read_all(film: Callable[..., Path]) -> None:
    path = film("alone.mp4", "libsvtav1", preset="12")
    with pytest.raises(BadFile, match=r"alone\.mp4: decord finds no readable video in it \(.*cannot find video stream"):
        read(path, [0], "decord")
    assert read(path, [0]).shape == (1, 3, 96, 96)


# odd and damaged files


def test_a_table_that_would_crash_decord(film: Callable[..., Path], tmp_path: Path) -> None:
    """One number in the table of durations, and decord takes the process with it."""
    content = bytearray(film("table.mp4", "libx264", **X264).read_bytes())
    struct.pack_into(">I", content, content.index(b"stts") + 12, 2**32 - 1)
    path = tmp_path / "table.mp4"
    path.write_bytes(content)
    crash = f"import decord; decord.VideoReader({str(path)!r}, num_threads=1)"
    assert subprocess.run([sys.executable, "-c", crash], capture_output=True).returncode < 0
    assert read(path, range(60)).shape == (60, 3, 96, 96)
    with pytest.raises(BadFile, match=r"table\.mp4: its header counts other frames than there are"):
        read(path, [0], "decord")


def test_frames_of_two_sizes(film: Callable[..., Path], tmp_path: Path) -> None:
    options = {"g": "10"}
    small, large = film("small.webm", "libvpx", **options), film("wide.webm", "libvpx", side=192, **options)
    path = tmp_path / "both.webm"
    with av.open(str(path), "w") as output:
        stream = None
        for part, source in enumerate((small, large)):
            with av.open(str(source)) as container:
                stream = stream or output.add_stream_from_template(container.streams.video[0])
                for packet in container.demux(container.streams.video[0]):
                    if packet.size:
                        packet.pts, packet.dts = packet.pts + 2400 * part, packet.dts + 2400 * part
                        packet.stream = stream
                        output.mux(packet)
    assert packets_of(str(path), BOUNDS).reason == "size or format changes"
    assert read(path, range(60)).shape == (60, 3, 96, 96)
    with pytest.raises(
        BadFile, match=r"both\.webm: frame 60 is 192 x 192, the first is 96 x 96: the frames of a video"
    ):
        read(path, range(50, 70))


def test_colours_that_cannot_be_converted(film: Callable[..., Path]) -> None:
    path = film("ycgco.mp4", "libx264", **{"x264-params": "colormatrix=YCgCo"})
    with pytest.raises(BadFile, match=r"ycgco\.mp4: frame 3, yuv420p of colour matrix 8, cannot be made RGB"):
        read(path, [3])


def test_a_frame_that_is_marked_as_damaged(film: Callable[..., Path], tmp_path: Path) -> None:
    source, path = film("damage.mp4", "libx264", **X264), tmp_path / "damage.mp4"
    content = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packet = list(container.demux(video=0))[30]
        assert packet.is_keyframe
    for at in range(packet.pos + packet.size // 2, packet.pos + packet.size, 7):
        content[at] ^= 0x55
    path.write_bytes(content)
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        corrupt = [number for number, frame in enumerate(container.decode(video=0)) if frame.is_corrupt]
    assert corrupt == [30]
    with pytest.raises(BadFile, match=r"damage\.mp4: frame 30 is damaged"):
        read(path, [29, 30], "pyav")
    assert torch.equal(read(path, [29, 40], "pyav"), read(source, [29, 40]))


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_frames_are_found_by_their_times(
    film: Callable[..., Path], numbers_in: Callable[..., list[int]], ending: str
) -> None:
    """In a file of keyframes at 0, 10, ..., 50: not merely counted from its start, as is what the search misses."""
    path = str(film(f"found.{ending}", "libx264", **X264))
    for numbers in ([0], [25], [45, 50], [59]):
        clip = PyAVReader(path, packets_of(path, BOUNDS)).find(numbers)
        assert clip is not None, numbers
        assert numbers_in(clip.frames) == numbers


def test_a_search_that_fails_is_made_up_for(
    film: Callable[..., Path], numbers_in: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film("search.ts", "libx264", **X264)
    # as if the packets after seeking had other times than when they were scanned
    packets = packets_of(str(path), BOUNDS)
    packets.times[30:] += 1
    reader = PyAVReader(str(path), packets)
    assert reader.find([45]) is None
    assert numbers_in(reader.read([45, 50])) == [45, 50]


def test_an_index_that_leads_astray(film: Callable[..., Path], by_pyav: Callable[..., Any], tmp_path: Path) -> None:
    """A frame that the index leaves out: after seeking, those behind it come with the times of the ones before them."""
    content = bytearray(film("index.avi", "mpeg4", g="10", bf="0").read_bytes())
    entry = content.index(b"idx1") + 8 + 16 * 5
    assert content[entry : entry + 4] == b"00dc"
    content[entry : entry + 4] = b"none"
    path = tmp_path / "index.avi"
    path.write_bytes(content)
    assert packets_of(str(path), BOUNDS).timed
    assert_equal_to_sequential(path, by_pyav(path), "auto")


def test_a_clip_of_a_long_file_is_all_that_is_kept(film: Callable[..., Path]) -> None:
    path = film("long.avi", "libx264", count=240, side=192)
    packets_of(str(path), BOUNDS)
    tracemalloc.start()
    clip = read(path, range(200, 208))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not packets_of(str(path), BOUNDS).timed  # read from the start
    assert clip.numel() < peak < 2 * clip.numel() < 240 * clip[0].numel() / 10


MUTATE = """
import random, signal, sys
from pathlib import Path
from modalities.video.bounds import Bounds
from modalities.video.readers import open_video
from vggx.data.listing import BadFile

signal.alarm(600)
outcome = {"read": 0, "bad": 0}
for source in map(Path, sys.argv[3:]):
    for seed in range(int(sys.argv[2])):
        draw, content = random.Random(seed), bytearray(source.read_bytes())
        kind = draw.choice(["bytes", "head", "numbers", "cut", "zeros", "twice", "less"])
        at = draw.randrange(len(content))
        if kind in ("bytes", "head"):
            reach = len(content) if kind == "bytes" else 1000
            for _ in range(draw.choice([1, 5, 25])):
                content[draw.randrange(reach)] = draw.randrange(256)
        elif kind == "numbers":  # of the tables in mp4 and the headers in AVI
            names = [b"stts", b"ctts", b"stsz", b"stsc", b"elst", b"avih", b"strh"]
            found = [content.index(name) for name in names if name in content]
            place = draw.choice(found) + 4 + draw.randrange(40) if found else at
            content[place : place + 4] = draw.choice([b"\\xff" * 4, b"\\x7f\\xff\\xff\\xff", bytes(4)])
        elif kind == "cut":
            del content[at:]
        elif kind == "zeros":
            content[at : at + 300] = bytes(len(content[at : at + 300]))
        elif kind == "twice":
            content[at:at] = content[at : at + 300]
        else:
            del content[at : at + draw.choice([1, 4, 100])]
        path = Path(sys.argv[1]) / f"{seed}{source.suffix}"
        path.write_bytes(content)
        try:
            reader = open_video(str(path), Bounds(10**7, 3600))
            for _ in range(3):
                start = draw.randrange(reader.length)
                clip = reader.read(range(start, min(start + 8, reader.length)))
                assert clip.shape[1] == 3
            outcome["read"] += 1
        except BadFile as error:
            assert str(error).startswith(str(path)) and "\\n" not in str(error), error
            outcome["bad"] += 1
print(outcome["read"], outcome["bad"])
"""


@pytest.mark.parametrize("count", [12, pytest.param(400, marks=pytest.mark.slow)])
def test_mutated_files_neither_crash_nor_hang(film: Callable[..., Path], tmp_path: Path, count: int) -> None:
    films = [
        film("mutated.mp4", "libx264", **X264),
        film("mutated open.mp4", "libx265", **{"x265-params": "keyint=10:log-level=none"}),
        film("mutated.avi", "mpeg4", g="10", bf="2"),
        film("mutated.mkv", "libx264", **X264),
        film("mutated.webm", "libvpx-vp9", g="10"),
    ]
    command = [sys.executable, "-c", MUTATE, str(tmp_path), str(count), *map(str, films)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "VGGX_CACHE": str(tmp_path)})
    assert done.returncode == 0, done.stderr[-2000:]
    whole, bad = map(int, done.stdout.split())
    assert whole + bad == count * len(films)
    assert min(whole, bad) > count
