"""modalities.video.data: H.264 files whose frames tell their number, against PyAV, and spoilt files refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from modalities.video import moving_digits
from modalities.video.bounds import Bounds
from modalities.video.data import LoadClip, VideoData, frames_in
from modalities.video.options import Data
from modalities.video.readers import DecordReader, Reader, open_video
from vggx.data.dataset import collate
from vggx.data.listing import BadFile, Sample
from vggx.data.seeds import seeded

MEDIA = Path(__file__).parents[3] / "../shared/data/media"
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="needs the real files in ../shared/data, which are not here"))
FILES = sorted(path for path in MEDIA.glob("*/*") if path.is_file()) or [ABSENT]
UNREADABLE = {"decord__corrupted.mp4"}  # of the videos
STEP = 4  # grey levels from one frame to the next


def encode(path: Path, frames: np.ndarray, codec: str = "libx264", **options: str) -> Path:
    """(T, H, W, 3) bytes -> a video file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def numbered(path: Path, count: int) -> Path:
    """A video in which frame n is grey of level 20 + 4 n, with B-frames and a key frame every 12."""
    levels = (20 + STEP * np.arange(count)).astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (count, 32, 64, 3))
    return encode(path, np.ascontiguousarray(frames), crf="10", g="12", bf="2")


def numbers_of(clip: Tensor) -> list[int]:
    """(3, T, H, W) -> the numbers of its frames."""
    levels = clip.float().mean((0, 2, 3))
    numbers = ((levels - 20) / STEP).round()
    assert (levels - 20 - STEP * numbers).abs().max() <= 1.5  # what H.264 and the way through YUV may change
    return numbers.int().tolist()


def moving(count: int = 40) -> np.ndarray:
    """(T, 48, 64, 3): a coloured pattern that moves, so that no two frames are alike."""
    blocks = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    return np.stack([np.roll(blocks, (t, 2 * t), (0, 1)) for t in range(count)])


def options(**given: Any) -> Data:
    defaults = {"frames": 8, "frame_stride": 1, "size": 16, "crop_scale": [1.0, 1.0], "flip": False, "batch_size": 4}
    return Data(**{**defaults, "num_workers": 0, **given})


def loads(path: Path, train: bool = False, view: int = 0, **given: Any) -> Tensor:
    return VideoData(options(**given)).load(train)(Sample(str(path)), view, 1)


def reader(path: Path, decoder: str = "auto") -> Reader:
    return open_video(str(path), Bounds(10**6, 60), decoder)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered(tmp_path_factory.mktemp("long") / "fifty frames [é].mp4", 50)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered(tmp_path_factory.mktemp("short") / "five.mp4", 5)


# clips


@pytest.mark.parametrize(("frames", "stride"), [(8, 1), (16, 2), (4, 3), (1, 1), (10, 5), (50, 1)])
def test_a_clip_has_so_many_frames_so_far_apart(long: Path, frames: int, stride: int) -> None:
    clip = loads(long, frames=frames, frame_stride=stride)
    assert (clip.shape, clip.dtype) == ((3, frames, 16, 16), torch.uint8)
    middle = (50 - (frames - 1) * stride - 1) // 2
    assert numbers_of(clip) == [middle + index * stride for index in range(frames)]


@pytest.mark.parametrize(("frames", "stride"), [(8, 1), (6, 5)])
def test_training_clips_start_anywhere_in_the_file(long: Path, frames: int, stride: int) -> None:
    starts, span = [], (frames - 1) * stride + 1
    for index in range(60):
        with seeded(0, index):
            numbers = numbers_of(loads(long, train=True, frames=frames, frame_stride=stride))
        assert numbers == list(range(numbers[0], numbers[0] + span, stride))
        starts.append(numbers[0])
    assert min(starts) <= 3
    assert 50 - span - 3 <= max(starts) <= 50 - span
    assert len(set(starts)) > 15


def test_evaluation_draws_nothing(long: Path) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = loads(long)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(loads(long), first)


@pytest.mark.parametrize(
    ("mode", "stride", "expected"),
    [
        ("repeat", 1, [0, 1, 2, 3, 4, 4, 4, 4]),
        ("repeat", 2, [0, 2, 4, 4, 4, 4, 4, 4]),
        ("loop", 1, [0, 1, 2, 3, 4, 0, 1, 2]),
        ("loop", 2, [0, 2, 4, 1, 3, 0, 2, 4]),
    ],
)
@pytest.mark.parametrize("train", [True, False])
def test_a_short_file(short: Path, mode: str, stride: int, expected: list[int], train: bool) -> None:
    assert numbers_of(loads(short, train, short=mode, frame_stride=stride)) == expected


@pytest.mark.parametrize("train", [True, False])
def test_a_short_file_is_bad_if_told(short: Path, long: Path, train: bool) -> None:
    with pytest.raises(BadFile, match=r"five\.mp4: has 5 frames, a clip takes 15"):
        loads(short, train, short="error", frame_stride=2)
    assert len(numbers_of(loads(long, train, short="error", frame_stride=2))) == 8


@pytest.mark.parametrize(
    ("clips", "starts"), [(1, [21]), (2, [0, 21]), (3, [0, 14, 28]), ("uniform", [0, 8, 16, 24, 32, 40, 42])]
)
def test_the_clips_of_a_file_in_evaluation(long: Path, clips: int | str, starts: list[int]) -> None:
    data = VideoData(options(clips=clips))
    dataset = data.new_dataset([Sample(str(long))])
    assert len(dataset) == len(starts)
    assert [numbers_of(dataset[index]["input"])[0] for index in range(len(starts))] == starts


def test_uniform_clips_of_several_files(short: Path, long: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("nothing")
    data = VideoData(options(clips="uniform"))
    dataset = data.new_dataset([Sample(str(path)) for path in (long, bad, short)])
    batch = collate([dataset[index] for index in range(len(dataset))])
    assert batch["file"].tolist() == [0] * 7 + [2]
    assert list(batch["bad"]) == [str(bad)]


def test_the_number_of_frames(short: Path, long: Path, tmp_path: Path) -> None:
    assert [frames_in(str(path), options()) for path in (short, long, tmp_path / "missing.mp4")] == [5, 50, 1]


# against another decoder


def by_pyav(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def assert_equals_pyav(path: Path, count: int = 8, step: int = 3) -> None:
    expected = by_pyav(path)
    assert reader(path).length == len(expected)
    for start in range(0, len(expected) - count + 1, step):
        # a reader of its own each time: the clip is sought in the file, not reached by reading on
        found = reader(path).read(range(start, start + count))
        assert np.array_equal(found.permute(0, 2, 3, 1).numpy(), expected[start : start + count]), start


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "m4v"])
@pytest.mark.parametrize("b_frames", ["0", "3"])
def test_decord_gives_the_frames_that_pyav_reads_in_order(tmp_path: Path, ending: str, b_frames: str) -> None:
    path = encode(tmp_path / f"a.{ending}", moving(), g="10", bf=b_frames)
    assert isinstance(reader(path), DecordReader)
    assert_equals_pyav(path)


@pytest.mark.parametrize(
    ("ending", "codec"), [("webm", "libvpx"), ("avi", "mpeg4"), ("wmv", "wmv2"), ("flv", "flv"), ("mkv", "mpeg2video")]
)
def test_other_codecs_too(tmp_path: Path, ending: str, codec: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot write {codec}")
    assert_equals_pyav(encode(tmp_path / f"a.{ending}", moving(), codec, g="10"))


@pytest.mark.parametrize(
    ("ending", "codec"), [("avi", "mpeg4"), ("avi", "libx264"), ("mpg", "mpeg2video"), ("ts", "libx264")]
)
def test_b_frames_in_containers_without_times_of_frames(tmp_path: Path, ending: str, codec: str) -> None:
    assert_equals_pyav(encode(tmp_path / f"a.{ending}", moving(), codec, g="10", bf="2"))


def test_real_files_equal_pyavs_frames(shared_data: Path) -> None:
    for name in ("C3D__v_ApplyEyeMakeup_g01_c01.avi", "decord__flipping_a_pancake.mkv", "torchcodec__h265_video.mp4"):
        assert_equals_pyav(shared_data / "media" / "video" / name, step=29)


def test_frames_beyond_the_end_are_bad(short: Path) -> None:
    with pytest.raises(BadFile, match=r"five\.mp4: has no frame 5: they are 0 to 4"):
        reader(short).read(range(3, 7))


# bad files


def missing(path: Path) -> None:
    pass


def zero_bytes(path: Path) -> None:
    path.touch()


def a_folder(path: Path) -> None:
    path.mkdir()


def text(path: Path) -> None:
    path.write_text("This is no film.\n" * 50)


def cut_in_half(path: Path) -> None:
    encode(path, moving(20))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def index_first_and_cut(path: Path) -> None:
    """Its header, which now comes first, is whole and promises frames that are not there."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "10"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for frame in moving(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    content = path.read_bytes()
    path.write_bytes(content[: 3 * len(content) // 4])


def sound_alone(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


BAD = {
    missing: "does not exist",
    zero_bytes: r"is empty \(0 bytes\)",
    a_folder: "is a folder without images",
    text: "is not a readable video",
    cut_in_half: "is not a readable video",
    index_first_and_cut: r"decoding fails after \d+ frames",
    sound_alone: "has no video in it",
}


@pytest.mark.parametrize("spoil", BAD)
@pytest.mark.parametrize("train", [True, False])
def test_a_bad_file_is_named_and_why(tmp_path: Path, spoil: Callable[[Path], None], train: bool) -> None:
    spoil(tmp_path / "x.mp4")
    with pytest.raises(BadFile, match=rf"x\.mp4: {BAD[spoil]}") as refused:
        loads(tmp_path / "x.mp4", train)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_files_of_a_folder(tmp_path: Path, workers: int, no_hanging: None) -> None:
    for name in ("a", "b"):
        for number in range(4):
            numbered(tmp_path / "train" / name / f"{number}.mp4", 6 + number)
    text(tmp_path / "train" / "a" / "text.mp4")
    zero_bytes(tmp_path / "train" / "b" / "empty.avi")
    data = VideoData(options(root=str(tmp_path), val_share=0, num_workers=workers))
    assert data.describe().endswith("(source folder, guessed): 2 classes, 10 train, 0 val, 0 test")
    batches = list(data.train_dataloader())
    assert [tuple(batch["input"].shape) for batch in batches] == [(4, 3, 8, 16, 16)] * 2 + [(2, 3, 8, 16, 16)]
    assert {Path(path).name for batch in batches for path in batch["bad"]} == {"text.mp4", "empty.avi"}
    evaluated = list(data.loader(data.dataset("train")))
    assert sum(len(batch["input"]) for batch in evaluated) == 8


def test_workers_open_their_own_readers(long: Path, tmp_path: Path, no_hanging: None) -> None:
    for number in range(6):
        (tmp_path / "train" / "a").mkdir(parents=True, exist_ok=True)
        (tmp_path / "train" / "a" / f"{number}.mp4").symlink_to(long)
    inherited = reader(long)
    assert isinstance(inherited, DecordReader)
    inherited.read([0, 30])  # its threads and its decoder are at work when the processes are forked
    given = {"root": str(tmp_path), "follow_links": True, "val_share": 0, "num_workers": 2}
    data = VideoData(options(**given, clips="uniform", batch_size=7))
    batches = list(data.loader(data.dataset("train")))
    assert [numbers_of(clip)[0] for batch in batches for clip in batch["input"]] == [0, 8, 16, 24, 32, 40, 42] * 6
    assert inherited.read([49]).float().mean() == pytest.approx(20 + STEP * 49, abs=1)


def test_clips_are_the_same_on_any_number_of_workers(tmp_path: Path, no_hanging: None) -> None:
    for number in range(5):
        numbered(tmp_path / "train" / "a" / f"{number}.mp4", 20 + number)
    found = []
    for workers in (0, 2):
        given = options(root=str(tmp_path), val_share=0, num_workers=workers, crop_scale=[0.3, 1.0], flip=True)
        loader = VideoData(given).train_dataloader()
        loader.sampler.set_epoch(3)  # type: ignore[attr-defined]
        found.append(torch.cat([batch["input"] for batch in loader]))
    assert torch.equal(*found)


# options


@pytest.mark.parametrize("workers", [0, 2])
def test_repeats_of_a_file_are_clips_drawn_apart(tmp_path: Path, workers: int, no_hanging: None) -> None:
    for name in "abc":
        numbered(tmp_path / "train" / "one" / f"{name}.mp4", 50)
    given = {"root": str(tmp_path), "num_workers": workers, "batch_size": 6, "val_share": 0.0, "test_share": 0.0}

    def epoch(number: int, repeats: int | None) -> list[tuple[int, int]]:
        """(file, first frame) of every sample in order."""
        loader = VideoData(options(**given, repeats=repeats), seed=4).train_dataloader()
        loader.sampler.set_epoch(number)
        return [
            (file, numbers_of(clip)[0])
            for batch in loader
            for file, clip in zip(batch["file"].tolist(), batch["input"], strict=True)
        ]

    found = epoch(0, 4)
    assert len(found) == 12
    files = [file for file, _ in found]
    assert files == [file for file in files[::4] for _ in range(4)]
    assert sorted(files[::4]) == [0, 1, 2]
    assert all(len(set(found[start : start + 4])) > 1 for start in (0, 4, 8))
    assert found == epoch(0, 4)
    assert found != epoch(1, 4)
    # the first clip of each is the one that a run without repeats sees
    assert found[::4] == epoch(0, None)


def test_evaluation_knows_no_repeats(long: Path) -> None:
    data = VideoData(options(root=str(long.parent), repeats=3, clips=2))
    assert len(data.loader(data.new_dataset([Sample(str(long))])).sampler) == 2


def test_no_repeats_are_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.repeats=0 must be 1 or more clips of each file"):
        VideoData(options(repeats=0))


def test_an_unknown_decoder_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.decoder must be one of auto, decord, pyav, not 'opencv'"):
        VideoData(options(decoder="opencv")).load(False)


def test_what_is_too_large_or_too_long_is_bad(long: Path) -> None:
    with pytest.raises(BadFile, match=r"\.mp4: 64 x 32 is 2048 pixels, more than modality\.data\.max_pixels=2047"):
        loads(long, max_pixels=2047)
    with pytest.raises(BadFile, match=r"\.mp4: 2 seconds are more than modality\.data\.max_seconds=1\.9"):
        loads(long, max_seconds=1.9)
    assert loads(long, max_pixels=2048, max_seconds=2.0).shape == (3, 8, 16, 16)


def test_an_unknown_way_with_short_files_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.short must be one of repeat, loop, error, not 'pad'"):
        VideoData(options(short="pad")).load(True)


@pytest.mark.parametrize("given", [{"frames": 0}, {"frame_stride": 0}, {"frames": -2}])
def test_clips_without_frames_are_refused(given: dict[str, int], long: Path) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.frames and frame_stride must be 1 or more") as refused:
        loads(long, **given)
    assert not isinstance(refused.value, BadFile)


@pytest.mark.parametrize("clips", [0, -1, "all"])
def test_an_impossible_number_of_clips_is_refused(clips: int | str, long: Path) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.clips must be 1 or more"):
        VideoData(options(clips=clips)).new_dataset([Sample(str(long))])


@pytest.mark.parametrize("source", ["folder", "manifest"])
def test_a_source_without_its_root(source: str) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.source={source} needs modality\.data\.root=FOLDER"):
        VideoData(options(source=source)).find()


def test_a_misspelt_source(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must be one of folder, manifest, .*hmdb51, moving_digits, not 'digits'"):
        VideoData(options(root=str(tmp_path), source="digits")).find()


def test_the_embedded_moving_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path))
    monkeypatch.setattr(moving_digits, "SCENES", {"train": 2, "val": 1, "test": 1})  # of 80, 20 and 20
    data = VideoData(options(source="moving_digits", size=32, resize=32))
    assert data.describe() == "embedded (source moving_digits): 8 classes, 16 train, 8 val, 8 test"
    assert data.find().classes == sorted(moving_digits.DIRECTIONS)
    assert next(iter(data.train_dataloader()))["input"].shape == (4, 3, 8, 32, 32)


# real files


def test_the_surveillance_clips_by_their_manifest(shared_data: Path) -> None:
    data = VideoData(options(root=str(shared_data / "fight_surv"), frames=16, frame_stride=2, size=112))
    assert data.describe().endswith("(source manifest, guessed): 2 classes, 240 train, 60 val, 0 test")
    assert data.dataset("val")[7]["input"].shape == (3, 16, 112, 112)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name if path else "none")
def test_every_real_file_gives_a_clip_or_is_refused_by_name(path: Path) -> None:
    load = VideoData(options()).load(False)
    assert isinstance(load, LoadClip)
    if path.parent.name == "audio" or path.name in UNREADABLE:
        with pytest.raises(BadFile, match=path.name):
            load(Sample(str(path)), 0, 1)
    else:
        assert load(Sample(str(path)), 0, 1).shape == (3, 8, 16, 16)
