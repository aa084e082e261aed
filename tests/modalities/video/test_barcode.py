"""modalities.video.readers: of every kind of file each frame that is asked for is the one whose number it shows."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import decord
import numpy as np
import pytest

from modalities.video import clips
from modalities.video.bounds import Bounds
from modalities.video.data import VideoData
from modalities.video.options import Data
from modalities.video.readers import DecordReader, PyAVReader, open_video
from modalities.video.scans import decoders

COUNT = 60  # frames of the films
BOUNDS = Bounds(10**6, 60)
VARIABLE = np.random.default_rng(0).integers(1, 9, COUNT).cumsum().tolist()

X264 = {"codec": "libx264", "x264-params": "keyint=10:scenecut=0:bframes=2:open-gop=0"}
OPEN = {"codec": "libx264", "x264-params": "keyint=10:min-keyint=10:bframes=3:open-gop=1:scenecut=0"}
REFRESH = {"codec": "libx264", "x264-params": "keyint=20:intra-refresh=1:bframes=0"}
X265 = {"codec": "libx265", "x265-params": "keyint=10:log-level=none"}
MPEG4 = {"codec": "mpeg4", "g": "10", "bf": "2"}
MPEG2 = {"codec": "mpeg2video", "g": "10", "bf": "2"}

# name of the film: how it is encoded, and why decord is not given it, or ""
FILMS: dict[str, tuple[dict[str, Any], str]] = {
    "closed.mp4": (X264, ""),
    "closed.mov": (X264, ""),
    "closed.mkv": (X264, ""),
    "intra.mp4": ({"codec": "libx264", "x264-params": "keyint=1"}, ""),
    "variable.mp4": ({**X264, "times": VARIABLE, "rate": 90}, ""),
    "closed_hevc.mp4": ({"codec": "libx265", "x265-params": "keyint=10:open-gop=0:log-level=none"}, ""),
    "vp8.webm": ({"codec": "libvpx", "g": "10"}, ""),
    "vp9.webm": ({"codec": "libvpx-vp9", "g": "10", "auto-alt-ref": "1", "lag-in-frames": "16"}, ""),
    "mjpeg.mov": ({"codec": "mjpeg", "pixels": "yuvj420p"}, ""),
    "open.mp4": (OPEN, "open groups of pictures"),
    "open.mkv": (OPEN, "open groups of pictures"),
    "hevc.mp4": (X265, "open groups of pictures"),
    "mpeg4.mp4": (MPEG4, "open groups of pictures"),
    "refresh.mp4": (REFRESH, "keyframes that need frames before them"),
    "av1.mp4": ({"codec": "libsvtav1", "preset": "12", "g": "10", "crf": "10"}, "codec av1"),
    "closed.avi": (X264, "container avi"),
    "open.avi": (OPEN, "container avi"),
    "no_b.avi": ({**MPEG4, "bf": "0"}, "container avi"),
    "mpeg4.avi": (MPEG4, "container avi"),
    "xvid.avi": ({**MPEG4, "tag": "XVID"}, "container avi"),
    "mjpeg.avi": ({"codec": "mjpeg", "pixels": "yuvj420p"}, "container avi"),
    "closed.ts": (X264, "container mpegts"),
    "mpeg2.ts": (MPEG2, "container mpegts"),
    "mpeg2.mpg": (MPEG2, "container mpeg"),
    "wmv2.wmv": ({"codec": "wmv2", "g": "10"}, "container asf"),
    "flv1.flv": ({"codec": "flv", "g": "10"}, "container flv"),
    "open.flv": (OPEN, "container flv"),
}
# made of those above by copying packets: what of, from which packet on, why not decord, and the first frame it shows
CUTS = {
    "late.mp4": ("closed.mp4", 5, "a first packet that is no keyframe", 10),
    "late.mkv": ("closed.mkv", 5, "a first packet that is no keyframe", 10),
    "open_late.mp4": ("open.mp4", 19, "packets marked as damaged or not to be shown", 20),
    "renamed.mkv": ("closed.avi", 0, "times of decoding in the place of those of presentation", 0),
}
SLOW_TO_FIND = ("mpeg2.mpg",)  # packets' times are guessed, and guessed otherwise after seeking
COUNTED = (
    "closed.avi",
    "open.avi",
    "late.mp4",
    "late.mkv",
    "open_late.mp4",
    "renamed.mkv",
)  # no times that lead to frames
# kinds in which decord alone finds wrong frames, so that these tests would fail if all went to it
DECORD_FAILS = (
    "open.mp4", "open.mkv", "hevc.mp4", "mpeg4.mp4", "refresh.mp4", "closed.avi", "open.avi", "mpeg4.avi", "xvid.avi",
    "closed.ts", "mpeg2.ts", "mpeg2.mpg", "wmv2.wmv", "open.flv", "late.mp4", "late.mkv", "open_late.mp4",
)  # fmt: skip


@pytest.fixture(scope="module")
def films(film: Callable[..., Path], cut: Callable[..., Path]) -> dict[str, Path]:
    found = {name: film(name, **how) for name, (how, _) in FILMS.items()}
    folder = found["closed.mp4"].parent
    for name, (source, first, *_) in CUTS.items():
        found[name] = cut(found[source], folder / name, first)
    return found


def shown(name: str) -> range:
    return range(CUTS[name][3] if name in CUTS else 0, COUNT)


def reason(name: str) -> str:
    return CUTS[name][2] if name in CUTS else FILMS[name][1]


def random_clips(length: int, count: int = 12) -> list[list[int]]:
    draw = random.Random(0)
    found = []
    for _ in range(count):
        stride, start = draw.randint(1, 7), draw.randrange(length)
        found.append([number for number in range(start, start + 8 * stride, stride) if number < length])
    return found


@pytest.mark.parametrize("decoder", ["auto", "pyav"])
@pytest.mark.parametrize("name", [*FILMS, *CUTS])
def test_every_frame_of_every_clip(
    films: dict[str, Path], numbers_in: Callable[..., list[int]], by_pyav: Callable[..., Any], name: str, decoder: str
) -> None:
    expected = by_pyav(films[name])
    assert numbers_in(expected) == list(shown(name))
    assert open_video(str(films[name]), BOUNDS, decoder).length == len(expected)
    for clip in random_clips(len(expected)):
        # a reader of its own each time: the clip is sought in the file, not reached by reading on
        frames = open_video(str(films[name]), BOUNDS, decoder).read(clip).permute(0, 2, 3, 1).numpy()
        assert numbers_in(frames) == [shown(name)[number] for number in clip]
        assert np.array_equal(frames, expected[clip])


@pytest.mark.parametrize("name", DECORD_FAILS)
def test_decord_alone_would_give_others(
    films: dict[str, Path], numbers_in: Callable[..., list[int]], name: str
) -> None:
    wrong = 0
    for clip in random_clips(len(shown(name))):
        found = numbers_in(decord.VideoReader(str(films[name]), num_threads=1).get_batch(clip).asnumpy())
        wrong += sum(one != shown(name)[other] for one, other in zip(found, clip, strict=True))
    assert wrong > 0


def test_who_reads_what_is_known_and_counted(films: dict[str, Path]) -> None:
    for name, path in films.items():
        reader = open_video(str(path), BOUNDS)
        assert isinstance(reader, PyAVReader if reason(name) else DecordReader), name
    counts = decoders(map(str, films.values()))
    to_pyav = [reason(name) for name in films if reason(name)]
    assert (counts["decord"], counts["pyav"], counts["unknown"]) == (9, len(films) - 9, 0)
    assert counts["reasons"] == {text: to_pyav.count(text) for text in to_pyav}


def test_what_can_be_found_by_time_is_not_read_from_the_start(
    films: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: set[str] = set()

    def count(self: PyAVReader, numbers: list[int]) -> Any:
        counted.add(Path(self.path).name)
        return whole(self, numbers)

    whole = PyAVReader.count
    monkeypatch.setattr(PyAVReader, "count", count)
    for path in films.values():
        for clip in random_clips(30):
            open_video(str(path), BOUNDS, "pyav").read(clip)
    assert counted - set(SLOW_TO_FIND) == set(COUNTED)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_loader_of_the_datamodule(
    films: dict[str, Path],
    numbers_in: Callable[..., list[int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    no_hanging: None,
) -> None:
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "cache"))  # so that loading processes scan themselves
    folder = tmp_path / "root" / "train" / "a"
    folder.mkdir(parents=True)
    for name, path in films.items():
        (folder / name).symlink_to(path)
    options = Data(
        root=str(tmp_path / "root"), frames=5, frame_stride=3, size=96, resize=96, crop_scale=[1.0, 1.0], flip=False,
        clips=4, val_share=0, batch_size=8, num_workers=workers, follow_links=True,
    )  # fmt: skip
    data = VideoData(options)
    dataset = data.dataset("train")
    found = []
    for batch in data.loader(dataset):
        assert not batch.bad
        found += [
            (file, numbers_in(clip.permute(1, 0, 2, 3))) for file, clip in zip(batch.file, batch.input, strict=True)
        ]
    expected = []
    for file, sample in enumerate(dataset.samples):
        numbers = shown(Path(sample.path).name)
        for start in clips.even_starts(len(numbers), 13, 4):
            expected.append((file, list(numbers[start : start + 13 : 3])))
    assert len(found) == 4 * len(films)
    assert [(int(file), clip) for file, clip in found] == expected
    for batch in data.train_dataloader():
        for clip in batch.input:
            numbers = numbers_in(clip.permute(1, 0, 2, 3))
            assert numbers == list(range(numbers[0], numbers[0] + 13, 3))
