"""modalities.video.data: H.264 files whose frames tell their number, against PyAV, and spoilt files refused."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch

from modalities.video import moving_digits
from modalities.video.data import LoadClip, VideoData, frames_in
from modalities.video.readers import DecordReader
from tests.modalities.video.clips import encode, loads, moving, numbered, numbers_of, options, reader
from vggx.data.batch import collate
from vggx.data.listing import BadFile, Sample
from vggx.data.seeds import seeded

MEDIA = Path(__file__).parents[3] / "../shared/data/media"
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="needs the real files in ../shared/data, which are not here"))
FILES = sorted(path for path in MEDIA.glob("*/*") if path.is_file()) or [ABSENT]
UNREADABLE = {"decord__corrupted.mp4"}  # of the videos


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
    assert batch.file.tolist() == [0] * 7 + [2]
    assert list(batch.bad) == [str(bad)]


def test_the_number_of_frames(short: Path, long: Path, tmp_path: Path) -> None:
    assert [frames_in(Sample(str(path)), options()) for path in (short, long, tmp_path / "missing.mp4")] == [5, 50, 1]


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
            for file, clip in zip(batch.file.tolist(), batch.input, strict=True)
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
    assert next(iter(data.train_dataloader())).input.shape == (4, 3, 8, 32, 32)


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
            load(Sample(str(path)), 0, 1)[0]
    else:
        assert load(Sample(str(path)), 0, 1)[0].shape == (3, 8, 16, 16)
