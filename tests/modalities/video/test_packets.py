"""modalities.video.packets: real files' facts as their publishers state them, and each doubt by a file made for it."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import decord
import numpy as np
import pytest
import torch

from modalities.video import packets
from modalities.video.bounds import Bounds
from modalities.video.packets import Packets, frames_by_decord
from vggx.data.listing import BadFile

BOUNDS = Bounds(10**7, 60)
X264 = {"x264-params": "keyint=10:scenecut=0:bframes=2:open-gop=0"}


def scan(path: Path, bounds: Bounds = BOUNDS) -> Packets:
    return packets.scan(str(path), bounds)


@pytest.mark.parametrize(
    ("name", "length", "width", "height", "fps", "codec", "timed", "reason"),
    [
        # XviD as UCF-101 has it: two frames in one packet, which its times do not tell apart
        ("C3D__v_ApplyEyeMakeup_g01_c01.avi", 164, 320, 240, 25, "mpeg4", False, "container avi"),
        ("mmaction2__demo.mp4", 280, 340, 256, 28, "h264", True, ""),
        ("decord__flipping_a_pancake.mkv", 310, 426, 240, 30, "h264", True, ""),
        ("decord__video_90.mov", 3, 568, 320, 30, "h264", True, "turned"),
        ("torchcodec__h265_video.mp4", 10, 128, 128, 10, "hevc", True, "open groups of pictures"),
        ("torchcodec__av1_video.mkv", 125, 640, 360, 25, "av1", True, "codec av1"),
        ("decord__corrupted.mp4", 50, 1280, 720, 10, "h264", True, "damaged packets"),
    ],
)
def test_real_files(
    shared_data: Path, name: str, length: int, width: int, height: int, fps: int, codec: str, timed: bool, reason: str
) -> None:
    found = scan(shared_data / "media" / "video" / name)
    assert (found.length, found.width, found.height, found.codec) == (length, width, height, codec)
    assert found.fps == pytest.approx(fps, rel=0.02)
    assert found.seconds == pytest.approx(length / fps, rel=0.05)
    assert (found.timed, found.reason) == (timed, reason)
    assert found.decoder == ("pyav" if reason else "decord")


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "flv"])
def test_times_in_order_are_those_of_pyavs_frames(film: Callable[..., Path], ending: str) -> None:
    path = film(f"times.{ending}", "libx264", **X264)
    found = scan(path)
    with av.open(str(path)) as container:
        frames = [(frame.pts, frame.key_frame) for frame in container.decode(video=0)]
    assert sorted(found.times.tolist()) == [time for time, _ in frames]
    assert not (np.diff(found.times) > 0).all()  # in the order of decoding
    assert found.times[found.keys].tolist() == [time for time, key in frames if key]
    assert (found.length, found.turn, found.whole) == (60, (1, 0, 0, 1), True)


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("ten bits.mp4", {"pixels": "yuv420p10le"}, "pixels yuv420p10le"),
        ("half.mp4", {"pixels": "yuv422p"}, "pixels yuv422p"),
        ("full range.mp4", {"pixels": "yuvj420p"}, ""),
        ("interlaced.mp4", {"x264-params": "keyint=10:interlaced=1"}, "interlaced"),
        ("conversion.mp4", {"x264-params": "colormatrix=YCgCo"}, "colour matrix 8"),
        ("high definition.mp4", {"x264-params": "colormatrix=bt709"}, ""),
    ],
)
def test_pictures_that_decord_makes_other_rgb_of(
    film: Callable[..., Path], by_pyav: Callable[..., Any], name: str, options: dict[str, Any], reason: str
) -> None:
    path = film(name, "libx264", **options)
    assert scan(path).reason == reason
    if "YCgCo" in str(options):  # which PyAV does not make RGB of, and decord does as if it were another
        return
    same = np.array_equal(decord.VideoReader(str(path), num_threads=1).get_batch(range(60)).asnumpy(), by_pyav(path))
    # black and white blocks have few colours to be wrong in: of some reasons this film shows nothing
    assert same or reason


def test_an_odd_height_is_read_by_pyav(tmp_path: Path) -> None:
    for height, reason in ((48, ""), (47, "odd height")):
        path = tmp_path / f"{height}.webm"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libvpx-vp9", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, height, "yuv420p"
            pixels = np.random.default_rng(0).integers(0, 256, (height, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode())
        assert scan(path).reason == reason
        with av.open(str(path)) as container:
            expected = next(container.decode(video=0)).to_ndarray(format="rgb24")
        found = decord.VideoReader(str(path), num_threads=1)[0].asnumpy()
        assert np.array_equal(found, expected) == (not reason)


def test_a_width_that_decord_fails_at(film: Callable[..., Path]) -> None:
    path = film("narrow.mkv", "ffv1", side=8)
    with pytest.raises(decord.DECORDError):
        decord.VideoReader(str(path), num_threads=1).get_batch([0])
    assert scan(path).reason == "an error of decord"


def test_several_video_streams(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "two.mp4"), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for side, stream in zip((64, 128), streams, strict=True):
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
        for side, stream in zip((64, 128), streams, strict=True):
            container.mux(stream.encode(av.VideoFrame(side, side, "yuv420p")))
            container.mux(stream.encode())
    found = scan(tmp_path / "two.mp4")
    # the first is meant, where decord takes the one that FFmpeg thinks the best
    assert (found.width, found.reason) == (64, "several video streams")


def patched(source: Path, target: Path, box: bytes, at: int, value: int) -> Path:
    """A copy of an mp4 with a number changed `at` bytes behind the name of a box."""
    content = bytearray(source.read_bytes())
    struct.pack_into(">I", content, content.index(box) + 4 + at, value)
    target.write_bytes(content)
    return target


def test_times_below_zero_and_too_many_frames_in_the_header(film: Callable[..., Path], tmp_path: Path) -> None:
    path = film("header.mp4", "libx264", **X264)
    assert scan(path).reason == ""
    # the edit list begins later than the first frame, whose time so comes to lie below zero
    cut = scan(patched(path, tmp_path / "a.mp4", b"elst", 12, 12800))
    assert cut.reason in ("times below zero", "packets marked as damaged or not to be shown")
    # a first entry of the table of durations for four thousand million frames, as decord crashes at
    claimed = scan(patched(path, tmp_path / "b.mp4", b"stts", 8, 2**32 - 1))
    assert (claimed.reason, claimed.whole) == ("another count of frames in the header", False)


@pytest.mark.parametrize(
    ("times", "most"),
    [
        ([], 0),
        ([0, 1, 2, 3], 0),
        ([0, 4, 2, 1, 3, 8, 6, 5, 7], 2),  # groups of four frames, decoded as 4 2 1 3
        ([*range(100, 120), *range(20)], 20),  # the first half is said to come after the second
    ],
)
def test_frames_held_back(times: list[int], most: int) -> None:
    assert packets.held_back(times) == most


def test_bounds(film: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = film("bounds.mp4", "libx264", **X264)
    assert scan(path, Bounds(96 * 96, 2.4)).length == 60
    monkeypatch.setattr(packets, "Walk", None)  # beyond the bounds no packet is asked for
    with pytest.raises(BadFile, match=r"bounds\.mp4: 96 x 96 is 9216 pixels, more than modality\.data\.max_pixels=921"):
        scan(path, Bounds(921, 60))
    with pytest.raises(BadFile, match=r"bounds\.mp4: 2 seconds are more than modality\.data\.max_seconds=2\.3"):
        scan(path, Bounds(10**7, 2.3))


def test_a_duration_that_no_header_tells_is_bounded_too(film: Callable[..., Path]) -> None:
    path = film("bare.h264", "libx264", **X264)
    assert scan(path).seconds == pytest.approx(2.4)
    with pytest.raises(BadFile, match=r"bare\.h264: 2 seconds are more than"):
        scan(path, Bounds(10**7, 2.3))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: None])
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x.mp4")
    with pytest.raises(BadFile, match=r"x\.mp4: (is not a file|does not exist)"):
        scan(tmp_path / "x.mp4")


def test_a_list_of_addresses_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n")
    with pytest.raises(BadFile, match=r"x\.mp4: "):
        scan(tmp_path / "x.mp4")


def test_a_name_and_tags_that_are_not_text(film: Callable[..., Path]) -> None:
    source = film("tags.mp4", "libx264", **X264)
    path = Path(os.fsdecode(os.fsencode(source.parent) + b"/\xff\xfe.mp4"))
    path.write_bytes(source.read_bytes().replace(b"VideoHandler", b"Vid\xb1oHandler"))
    assert scan(path).length == 60


def test_another_user_of_decord_may_take_its_frames_as_tensors(film: Callable[..., Path]) -> None:
    """pytorchvideo, once asked for decord, sets this for the whole process."""
    path = str(film("bridge.mp4", "libx264", count=8))
    plain = frames_by_decord(decord.VideoReader(path, num_threads=1), [1, 5])
    decord.bridge.set_bridge("torch")
    try:
        assert np.array_equal(frames_by_decord(decord.VideoReader(path, num_threads=1), [1, 5]), plain)
        assert isinstance(decord.VideoReader(path, num_threads=1).get_batch([1]), torch.Tensor)
    finally:
        decord.bridge.reset_bridge()
    assert not isinstance(decord.VideoReader(path, num_threads=1).get_batch([1]), torch.Tensor)
