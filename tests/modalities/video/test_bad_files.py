"""modalities.video.data: spoilt files are refused by name, in whichever process reads them."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from modalities.video.data import VideoData
from modalities.video.readers import DecordReader
from tests.modalities.video.clips import STEP, encode, loads, moving, numbered, numbers_of, options, reader
from vggx.data.listing import BadFile


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered(tmp_path_factory.mktemp("long") / "fifty frames [é].mp4", 50)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered(tmp_path_factory.mktemp("short") / "five.mp4", 5)


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
    assert [tuple(batch.input.shape) for batch in batches] == [(4, 3, 8, 16, 16)] * 2 + [(2, 3, 8, 16, 16)]
    assert {Path(path).name for batch in batches for path in batch.bad} == {"text.mp4", "empty.avi"}
    evaluated = list(data.loader(data.dataset("train")))
    assert sum(len(batch.input) for batch in evaluated) == 8


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
    assert [numbers_of(clip)[0] for batch in batches for clip in batch.input] == [0, 8, 16, 24, 32, 40, 42] * 6
    assert inherited.read([49]).float().mean() == pytest.approx(20 + STEP * 49, abs=1)


def test_clips_are_the_same_on_any_number_of_workers(tmp_path: Path, no_hanging: None) -> None:
    for number in range(5):
        numbered(tmp_path / "train" / "a" / f"{number}.mp4", 20 + number)
    found = []
    for workers in (0, 2):
        given = options(root=str(tmp_path), val_share=0, num_workers=workers, crop_scale=[0.3, 1.0], flip=True)
        loader = VideoData(given).train_dataloader()
        loader.sampler.set_epoch(3)  # type: ignore[attr-defined]
        found.append(torch.cat([batch.input for batch in loader]))
    assert torch.equal(*found)
