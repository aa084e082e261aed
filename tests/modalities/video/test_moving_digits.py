"""modalities.video.moving_digits: what decord reads back, measured without the writer's own tables."""

from pathlib import Path

import av
import decord
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from modalities.image import digits
from modalities.video import moving_digits

COMPASS = {  # degrees, anticlockwise from the right
    "east": 0,
    "north_east": 45,
    "north": 90,
    "north_west": 135,
    "west": 180,
    "south_west": 225,
    "south": 270,
    "south_east": 315,
}
VIDEOS = {"train": 80, "val": 20, "test": 20}  # per class
SCANS = load_digits().images
LOSS = 8  # grey levels: what H.264 and the way through YUV may change

Clips = dict[tuple[str, str, str], np.ndarray]  # (split, direction, NNNN) -> (T, H, W, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("moving_digits")
    moving_digits.write(root)
    return root


@pytest.fixture(scope="module")
def clips(folder: Path) -> Clips:
    """All of val and test, and every other scene of train."""
    paths = [p for split in ("val", "test") for p in (folder / split).rglob("*.mp4")]
    paths += [p for name in COMPASS for p in sorted((folder / "train" / name).iterdir())[::2]]
    return {(p.parts[-3], p.parts[-2], p.stem): read(p) for p in paths}


def read(path: Path) -> np.ndarray:
    reader = decord.VideoReader(str(path), num_threads=1)
    return np.asarray(reader.get_batch(range(len(reader))).asnumpy())


def shift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Pictures (..., H, W) -> (..., 2): the roll (down, right) that takes before to after, in -16..15."""
    spectrum = np.fft.fft2(after / 255) * np.fft.fft2(before / 255).conj()
    peak = np.fft.ifft2(spectrum).real.reshape(*spectrum.shape[:-2], -1).argmax(-1)
    return (np.stack([peak // 32, peak % 32], axis=-1) + 16) % 32 - 16


def canvas(name: str) -> np.ndarray:
    """The scikit-learn digit NNNN, twice as large, in the upper left corner of (32, 32)."""
    digit = np.zeros((32, 32))
    digit[:16, :16] = np.kron(SCANS[int(name)], np.ones((2, 2))) * 255 / 16
    return digit


def test_a_digit_names_one_video_in_every_direction(folder: Path) -> None:
    seen: set[str] = set()
    for split, count in VIDEOS.items():
        names = {path.name: sorted(p.name for p in path.iterdir()) for path in (folder / split).iterdir()}
        assert names.keys() == COMPASS.keys()
        scenes = names["east"]
        assert len(scenes) == count
        assert all(other == scenes for other in names.values())
        assert seen.isdisjoint(scenes)
        seen.update(scenes)


def test_the_digits_are_split_as_the_images_are(folder: Path) -> None:
    parts = digits.split(load_digits().target)
    for split in VIDEOS:
        scenes = {int(path.stem) for path in (folder / split).rglob("*.mp4")}
        assert scenes <= set(parts[split].tolist())


def test_files_are_h264(folder: Path) -> None:
    for path in (folder / "test").rglob("*.mp4"):
        with av.open(str(path)) as container:
            (stream,) = container.streams
            assert isinstance(stream, av.VideoStream)
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert stream.average_rate == 10
            assert stream.frames == 16


def test_decord_reads_sixteen_grey_frames(clips: Clips) -> None:
    for clip in clips.values():
        assert clip.shape == (16, 32, 32, 3)
        assert clip.dtype == np.uint8
        assert np.ptp(clip, axis=-1).max() <= 1


def test_first_frame_shows_the_named_digit(clips: Clips) -> None:
    for (_, direction, name), clip in clips.items():
        if direction == "east":  # the other seven have the same first frame, see below
            digit, first = canvas(name), clip[0, :, :, 0].astype(float)
            placed = np.roll(digit, shift(digit, first), axis=(0, 1))
            assert np.abs(placed - first).max() <= LOSS


def test_measured_direction_is_the_label(clips: Clips) -> None:
    speeds: dict[tuple[str, str], set[int]] = {}
    for (split, direction, name), clip in clips.items():
        frames = clip[..., 0].astype(float)
        ((down, right),) = np.unique(shift(frames[:-1], frames[1:]), axis=0)  # one and the same, 15 times
        assert np.degrees(np.arctan2(-down, right)) % 360 == COMPASS[direction]
        speeds.setdefault((split, name), set()).add(int(max(abs(down), abs(right))))
    assert all(len(of_scene) == 1 for of_scene in speeds.values())  # the same in all eight directions
    assert set.union(*speeds.values()) == {1, 2, 3}


def test_nothing_is_lost_at_an_edge(clips: Clips) -> None:
    for clip in clips.values():
        frames = clip[..., 0].astype(float)
        shifts = shift(frames[:1], frames)
        back = [np.roll(frame, -step, axis=(0, 1)) for frame, step in zip(frames, shifts, strict=True)]
        assert np.abs(back - frames[0]).max() <= LOSS


def test_first_frames_of_the_eight_classes_are_the_same_bits(clips: Clips) -> None:
    for (split, _, name), clip in clips.items():
        assert np.array_equal(clip[0], clips[split, "east", name][0])


def test_starts_are_spread_over_the_torus(clips: Clips) -> None:
    east = {name: clip for (_, direction, name), clip in clips.items() if direction == "east"}
    starts = [shift(canvas(name), clip[0, :, :, 0]) for name, clip in east.items()]
    # 80 uniform angles have a mean vector of about 1 / sqrt(80) = 0.11; 0.31 is passed once in 2000 draws
    assert np.abs(np.exp(2j * np.pi * np.array(starts) / 32).mean(axis=0)).max() < 0.31


@pytest.mark.parametrize("t", [0, 8, 15])
def test_one_frame_does_not_tell_the_class(clips: Clips, t: int) -> None:
    def still(train: bool) -> tuple[np.ndarray, list[str]]:
        chosen = {key: clip for key, clip in clips.items() if (key[0] == "train") == train}
        pixels = np.stack([clip[t, :, :, 0].ravel() / 255 for clip in chosen.values()])
        return pixels, [direction for _, direction, _ in chosen]

    score = LogisticRegression(C=0.1, max_iter=200).fit(*still(train=True)).score(*still(train=False))
    assert score < 0.20  # chance is 0.125, and 320 videos leave it 0.018 of luck


def test_the_same_frames_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving_digits, "SCENES", dict.fromkeys(VIDEOS, 1))
    moving_digits.write(tmp_path / "a")
    moving_digits.write(tmp_path / "b")
    first = sorted((tmp_path / "a").rglob("*.mp4"))
    assert len(first) == 3 * 8
    for path in first:
        assert np.array_equal(read(path), read(tmp_path / "b" / path.relative_to(tmp_path / "a")))
