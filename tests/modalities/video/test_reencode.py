"""modalities.video.reencode: frame n of the new file is frame n of the old one, in films that show their numbers."""

import os
import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from modalities.video import reencode
from modalities.video.bounds import Bounds
from modalities.video.data import VideoData
from modalities.video.options import Data
from modalities.video.readers import DecordReader, open_video
from modalities.video.reencode import Encoder, encoder
from vggx.data.listing import BadFile

BOUNDS = Bounds(10**6, 600)
SMALL = Encoder(64, 16, 18, BOUNDS)
X264 = {"x264-params": "keyint=250:bframes=3"}
VARIABLE = np.random.default_rng(0).integers(1, 9, 60).cumsum().tolist()
FILMS: dict[str, dict[str, Any]] = {
    "long.mp4": {"codec": "libx264", **X264},
    "variable.mp4": {"codec": "libx264", "times": VARIABLE, "rate": 90, **X264},
    "open.mp4": {"codec": "libx265", "x265-params": "keyint=10:log-level=none"},
    "xvid.avi": {"codec": "mpeg4", "g": "10", "bf": "2", "tag": "XVID"},
    "a.avi": {"codec": "libx264", **X264},
    "a.webm": {"codec": "libvpx-vp9", "g": "60", "cpu-used": "8", "deadline": "realtime"},
    "a.ts": {"codec": "mpeg2video", "g": "10", "bf": "2"},
}
Film, Numbers, Frames = Callable[..., Path], Callable[[Any], list[int]], Callable[[Path], np.ndarray]


def packets(path: Path) -> list[tuple[int | None, int | None, bool]]:
    """Presentation time, time of decoding and keyframe, of each packet."""
    with av.open(str(path)) as container:
        return [(packet.pts, packet.dts, packet.is_keyframe) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("name", FILMS)
def test_every_frame_keeps_its_number(
    film: Film, numbers_in: Numbers, by_pyav: Frames, tmp_path: Path, name: str
) -> None:
    source, target = film(f"reencode_{name}", **FILMS[name]), tmp_path / "new.mp4"
    assert numbers_in(by_pyav(source)) == list(range(60))
    row = SMALL(str(source), target)
    assert numbers_in(by_pyav(target)) == list(range(60))
    reader = open_video(str(target), BOUNDS)
    assert isinstance(reader, DecordReader)
    assert numbers_in(reader.read([59, 3, 16, 15, 3])) == [59, 3, 16, 15, 3]
    assert reader.fps == pytest.approx(open_video(str(source), BOUNDS).fps, rel=1e-3)
    assert (row["frames"], row["bytes_before"], row["bytes_after"]) == (
        60,
        *(p.stat().st_size for p in (source, target)),
    )
    assert row["seconds"] == pytest.approx(60 / reader.fps, rel=1e-3)
    assert os.listdir(tmp_path) == ["new.mp4"]


@pytest.mark.parametrize("every", [1, 7, 16])
def test_groups_have_one_length_and_are_closed(
    film: Film, cut: Callable[..., Path], numbers_in: Numbers, by_pyav: Frames, tmp_path: Path, every: int
) -> None:
    source = film("reencode_long.mp4", **FILMS["long.mp4"])
    Encoder(64, every, 18, BOUNDS)(str(source), tmp_path / "new.mp4")
    found = packets(tmp_path / "new.mp4")
    assert [number for number, packet in enumerate(found) if packet[2]] == list(range(0, 60, every))
    assert all(shown == decoded for shown, decoded, _ in found)  # no frame waits for a later one
    for first in (every, every * (59 // every)):
        rest = cut(tmp_path / "new.mp4", tmp_path / f"from {first}.mp4", first)
        assert numbers_in(by_pyav(rest)) == list(range(first, 60))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((1920, 1080), (456, 256)),
        ((1080, 1920), (256, 456)),
        ((340, 256), (340, 256)),
        ((341, 257), (340, 256)),
        ((150, 112), (150, 112)),
        ((341, 255), (340, 254)),
        ((1, 3), (2, 2)),
    ],
)
def test_the_short_side_is_scaled_and_never_enlarged(old: tuple[int, int], new: tuple[int, int]) -> None:
    assert Encoder(256, 16, 18, BOUNDS).size(*old) == new


def test_every_size_has_even_sides_no_longer_than_before() -> None:
    for width in range(2, 400, 7):
        for height in range(2, 400, 3):
            wide, high = Encoder(100, 16, 18, BOUNDS).size(width, height)
            assert wide % 2 == high % 2 == 0
            assert wide <= width
            assert high <= height
            assert min(wide, high) == min(100, min(width, height) // 2 * 2)
            assert abs(wide / high - width / height) <= 2 * max(wide, high) / min(wide, high) ** 2


@pytest.mark.parametrize(
    ("pixels", "matrix", "full"),
    [("yuv420p", 1, False), ("yuv420p", 6, False), ("yuv420p", 1, True), ("yuvj420p", 2, True), ("yuv444p", 2, False)],
)
def test_colours_stay(tmp_path: Path, pixels: str, matrix: int, full: bool) -> None:
    """Other matrices and ranges than those of the old file would be off by 20 and more."""
    blocks = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8).repeat(32, 0).repeat(32, 1)
    with av.open(str(tmp_path / "old.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.height, stream.width, stream.pix_fmt = 128, 192, pixels
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, 2 if full else 1
        to = None if matrix == 2 else {1: "ITU709", 6: "SMPTE170M"}[matrix]
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(blocks, format="rgb24")
            ranges = "JPEG" if full else "MPEG"
            container.mux(stream.encode(frame.reformat(format=pixels, dst_colorspace=to, dst_color_range=ranges)))
        container.mux(stream.encode())
    Encoder(64, 16, 4, BOUNDS)(str(tmp_path / "old.mp4"), tmp_path / "new.mp4")
    middles = []
    for name, step in (("old.mp4", 32), ("new.mp4", 16)):
        clip = open_video(str(tmp_path / name), BOUNDS).read([1])[0].permute(1, 2, 0).numpy()
        middles.append(clip[step // 2 :: step, step // 2 :: step].astype(int))
    assert np.abs(middles[0] - middles[1]).max() <= 6
    assert np.abs(middles[0] - blocks[::32, ::32]).max() <= 6


def test_a_frame_of_another_matrix_is_shown_in_the_same_colours() -> None:
    red = np.full((16, 16, 3), (200, 40, 60), np.uint8)
    to_planes = reencode.ToPlanes((16, 16), reencode.UPRIGHT)
    for matrix in ("ITU709", "SMPTE170M"):
        frame = av.VideoFrame.from_ndarray(red, format="rgb24").reformat(format="yuv420p", dst_colorspace=matrix)
        made = av.VideoFrame.from_ndarray(to_planes(frame), format="yuv420p")
        made.colorspace = to_planes.matrix
        assert to_planes.matrix == 1
        assert np.abs(reencode.ToRGB()(made).astype(int) - red).max() <= 5


@pytest.mark.parametrize(("degrees", "mirrored"), [(0, True), (90, False), (180, False), (270, False), (90, True)])
def test_a_turned_picture_is_set_upright(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8).repeat(32, 0).repeat(32, 1)
    with av.open(str(tmp_path / "old.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
        stream.set_display_rotation(degrees, hflip=mirrored)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    Encoder(96, 16, 4, BOUNDS)(str(tmp_path / "old.mp4"), tmp_path / "new.mp4")
    upright = np.rot90(picture, degrees // 90)
    upright = np.fliplr(upright) if mirrored else upright
    with av.open(str(tmp_path / "new.mp4")) as container:
        frame = next(container.decode(video=0))
    assert frame.rotation == 0
    found = frame.to_ndarray(format="rgb24")
    assert found.shape == upright.shape
    assert np.abs(found[16::32, 16::32].astype(int) - upright[16::32, 16::32]).max() <= 8


def test_a_real_clip_is_hardly_changed(shared_data: Path, tmp_path: Path) -> None:
    source = str(shared_data / "media/video/mmaction2__demo.mp4")
    Encoder(256, 16, 18, BOUNDS)(source, tmp_path / "new.mp4")
    old, new = (
        open_video(path, BOUNDS).read(range(0, 280, 20)).float() for path in (source, str(tmp_path / "new.mp4"))
    )
    assert 10 * np.log10(255**2 / float((old - new).square().mean())) > 38  # dB


def test_a_folder_of_frames_becomes_a_film(tmp_path: Path, numbers_in: Numbers, by_pyav: Frames) -> None:
    folder, target = tmp_path / "frames", tmp_path / "new.mp4"
    folder.mkdir()
    for number in range(11):
        bits = (number >> np.arange(8) & 1).reshape(2, 4).astype(np.uint8) * 220
        Image.fromarray(bits.repeat(32, 0).repeat(16, 1)).save(folder / f"img_{number + 1}.png")
    row = SMALL(str(folder), target)
    assert numbers_in(by_pyav(target)) == list(range(11))
    assert by_pyav(target).shape == (11, 64, 64, 3)
    assert row["bytes_before"] == sum(path.stat().st_size for path in folder.iterdir())
    assert (row["seconds"], open_video(str(target), BOUNDS).fps) == (11 / 25, 25)


@pytest.mark.parametrize(
    ("fps", "rate"), [(0.0, 25), (29.97002997002997, Fraction(30000, 1001)), (1e-4, 25), (12.5, 12.5)]
)
def test_the_rate_is_the_mean_of_the_old_file(fps: float, rate: Any) -> None:
    assert reencode.Film(1, 2, 2, fps, reencode.UPRIGHT, 0, iter(())).rate == rate


def test_what_is_done_is_not_done_again(film: Film, tmp_path: Path) -> None:
    source, target = film("reencode_long.mp4", **FILMS["long.mp4"]), tmp_path / "new.mp4"
    assert SMALL(str(source), target)["encode_seconds"] > 0
    content, made = target.read_bytes(), target.stat().st_ino
    again = SMALL(str(source), target)
    assert (again["encode_seconds"], again["frames"], target.stat().st_ino) == (None, 60, made)

    target.write_bytes(content[:-400])  # cut off
    assert SMALL(str(source), target)["encode_seconds"] is not None
    SMALL(str(film("reencode_short.mp4", "libx264", count=59)), target)  # another count of frames
    assert SMALL(str(source), target)["frames"] == 60
    assert target.read_bytes() == content
    os.utime(target, (0, 0))  # older than its source
    assert SMALL(str(source), target)["encode_seconds"] is not None
    assert target.read_bytes() == content


def test_a_bad_file_is_named_and_nothing_of_it_is_left(film: Film, tmp_path: Path) -> None:
    source = film("reencode_long.mp4", **FILMS["long.mp4"])
    (tmp_path / "words.mp4").write_text("words")
    small = tmp_path / "frames"
    small.mkdir()
    for number, side in enumerate((64, 64, 32)):
        Image.new("RGB", (side, side)).save(small / f"{number}.png")
    with av.open(str(source)) as container:
        packet = list(container.demux(video=0))[30]
    damaged = bytearray(source.read_bytes())
    for at in range(packet.pos + packet.size // 2, packet.pos + packet.size, 7):
        damaged[at] ^= 0x55
    (tmp_path / "damaged.mp4").write_bytes(damaged)
    target = tmp_path / "to/new.mp4"
    for name, reason in (
        ("words.mp4", "is not a readable video"),
        ("missing.mp4", "does not exist"),
        ("frames", "frame 2 is 32 x 32, the first is 64 x 64"),
        ("damaged.mp4", r"frame \d+ is damaged|decoding fails after \d+ frames"),
    ):
        with pytest.raises(BadFile, match=rf"{name}: {reason}"):
            SMALL(str(tmp_path / name), target)
        assert not target.parent.exists() or os.listdir(target.parent) == []
    with pytest.raises(BadFile, match=r"96 x 96 is 9216 pixels, more than modality\.data\.max_pixels=9000"):
        Encoder(64, 16, 18, Bounds(9000, 600))(str(source), target)


def test_a_file_that_lost_a_frame_is_refused(film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, whole = str(film("reencode_long.mp4", **FILMS["long.mp4"])), reencode.frames_of
    monkeypatch.setattr(reencode, "frames_of", lambda path: list(whole(path))[:-1])
    with pytest.raises(BadFile, match=r"long\.mp4: 59 frames come out of the decoder, 60 should"):
        SMALL(source, tmp_path / "new.mp4")
    assert os.listdir(tmp_path) == []


def test_a_file_that_decord_would_not_be_given_is_refused(
    film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = {"x264-params": "keyint=10:min-keyint=10:bframes=3:open-gop=1:scenecut=0"}
    monkeypatch.setattr(Encoder, "options", lambda self: groups)
    with pytest.raises(BadFile, match=r"long\.mp4: encoded anew it is not read rightly: open groups of pictures"):
        SMALL(str(film("reencode_long.mp4", **FILMS["long.mp4"])), tmp_path / "new.mp4")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"short_side": 255}, "short_side must be an even number of pixels, such as 256, not 255"),
        ({"short_side": 0}, "not 0"),
        ({"short_side": 256.0}, "not 256.0"),
        ({"keyframe_every": 0}, "keyframe_every must be a number of frames from 1 on, not 0"),
        ({"keyframe_every": True}, "not True"),
        ({"crf": 52}, "crf must be a number from 0 to 51, not 52"),
        ({"crf": "low"}, "not low"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Encoder(**{"short_side": 256, "keyframe_every": 16, "crf": 18, "bounds": BOUNDS, **options})


def test_it_takes_the_bounds_of_the_data_to_another_process() -> None:
    data = VideoData(Data(frames=4, frame_stride=1, size=8, crop_scale=[1.0, 1.0], max_pixels=99, max_seconds=7.0))
    made = encoder(data, short_side=64, keyframe_every=16, crf=18)
    assert pickle.loads(pickle.dumps(made)) == Encoder(64, 16, 18, Bounds(99, 7.0))
