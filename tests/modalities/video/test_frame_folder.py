"""modalities.video.frame_folder: folders of images in the order of their numbers, against PIL."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from modalities.video.bounds import Bounds
from modalities.video.data import VideoData
from modalities.video.frame_folder import FolderReader
from modalities.video.options import Data
from modalities.video.readers import open_video
from vggx.data.listing import BadFile

BOUNDS = Bounds(10**6, 60)


def grey(path: Path, level: int, size: tuple[int, int] = (24, 16), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, level).convert(mode).save(path)


def levels(path: Path) -> list[int]:
    reader = open_video(str(path), BOUNDS)
    assert isinstance(reader, FolderReader)
    return reader.read(range(reader.length)).float().mean((1, 2, 3)).int().tolist()


@pytest.mark.parametrize(
    "name",
    ["img_{:05d}.png", "{}.png", "frame{}.bmp", "clip_7_frame_{:03d}.png", "image-{}.PNG", "Ää {}.png"],
)
def test_frames_in_the_order_of_their_numbers(tmp_path: Path, name: str) -> None:
    for number in (10, 2, 100, 1, 11, 20):
        grey(tmp_path / name.format(number), number)
    assert levels(tmp_path) == [1, 2, 10, 11, 20, 100]


def test_pixels_are_those_of_pil(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), np.uint8)
    for number, frame in enumerate(pixels):
        Image.fromarray(frame).save(tmp_path / f"img_{number}.png")
    clip = open_video(str(tmp_path), BOUNDS).read([2, 0, 2])
    assert clip.dtype == torch.uint8
    assert np.array_equal(clip.permute(0, 2, 3, 1).numpy(), pixels[[2, 0, 2]])


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    grey(tmp_path / "img_1.png", 255, mode=mode)
    assert levels(tmp_path) == [255]


def test_what_else_lies_in_the_folder_is_passed_over(tmp_path: Path) -> None:
    for number in (1, 2):
        grey(tmp_path / f"img_{number}.png", number)
        grey(tmp_path / f"._img_{number}.png", 99)
        grey(tmp_path / f"flow_x_{number}.png", 99)
        grey(tmp_path / f"flow_y_{number}.png", 99)
    (tmp_path / "labels.txt").write_text("1 2")
    (tmp_path / "img_3").mkdir()
    assert levels(tmp_path) == [1, 2]


def test_the_rotation_in_exif_is_ignored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (24, 16)).save(tmp_path / "img_1.jpg", exif=exif)
    assert open_video(str(tmp_path), BOUNDS).read([0]).shape == (1, 3, 16, 24)


def two_sizes(folder: Path) -> None:
    grey(folder / "img_2.png", 0, (16, 24))


def text(folder: Path) -> None:
    (folder / "img_2.png").write_text("no image")


def cut(folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "img_2.png")
    content = (folder / "img_2.png").read_bytes()
    (folder / "img_2.png").write_bytes(content[: len(content) // 2])


def empty(folder: Path) -> None:
    (folder / "img_2.png").touch()


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "img_2.png")


def large(folder: Path) -> None:
    grey(folder / "img_2.png", 0, (1001, 1000))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (two_sizes, r"img_2\.png: is 16 x 24, and img_1\.png is 24 x 16: the frames of a video have one size"),
        (text, r"img_2\.png: is not a readable image"),
        (cut, r"img_2\.png: is not a readable image"),
        (empty, r"img_2\.png: is empty"),
        (pipe, r"img_2\.png: is not a file"),
        (large, r"img_2\.png: 1001 x 1000 is 1001000 pixels, more than modality\.data\.max_pixels=1000000"),
    ],
)
def test_a_frame_that_cannot_be_used_is_named(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    for number in (1, 3):
        grey(tmp_path / f"img_{number}.png", number)
    spoil(tmp_path)
    reader = open_video(str(tmp_path), BOUNDS)
    assert reader.length == 3
    assert reader.read([0, 2]).shape == (2, 3, 16, 24)  # the others can
    with pytest.raises(BadFile, match=message):
        reader.read([0, 1, 2])


def test_folders_that_are_no_video(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is a folder without images"):
        open_video(str(tmp_path), BOUNDS)
    for name in ("left", "right"):
        grey(tmp_path / f"{name}_1.png", 0)
    with pytest.raises(BadFile, match="has the frames of several videos, left_#, right_#"):
        open_video(str(tmp_path), BOUNDS)


def test_frames_beyond_the_end(tmp_path: Path) -> None:
    grey(tmp_path / "img_1.png", 0)
    for number in (1, -1):
        with pytest.raises(BadFile, match=f"has no frame {number}: they are 0 to 0"):
            open_video(str(tmp_path), BOUNDS).read([number])


@pytest.mark.parametrize("workers", [0, 2])
def test_folders_through_the_datamodule(tmp_path: Path, workers: int) -> None:
    for name, first in (("a", 0), ("b", 100)):
        for number in range(20):
            grey(tmp_path / name / f"img_{number:05d}.png", first + number)
    options = Data(frames=4, frame_stride=3, size=16, resize=16, batch_size=2, num_workers=workers)
    data = VideoData(options)
    samples = [*data.new_files([str(tmp_path / "a")]), *data.new_files([str(tmp_path / "b")])]
    batch = next(iter(data.loader(data.new_dataset(samples))))
    found = batch.input.float().mean((1, 3, 4)).int().tolist()
    assert found == [[5, 8, 11, 14], [105, 108, 111, 114]]


def test_a_frame_that_is_a_link_out_of_its_folder_is_refused_and_taken_where_allowed(tmp_path: Path) -> None:
    grey(tmp_path / "elsewhere" / "secret.png", 77)
    grey(tmp_path / "film" / "img_1.png", 11)
    (tmp_path / "film" / "img_2.png").symlink_to("img_1.png")
    (tmp_path / "film" / "img_3.png").symlink_to(tmp_path / "elsewhere" / "secret.png")
    reader = open_video(str(tmp_path / "film"), BOUNDS)
    assert reader.read([0, 1]).float().mean((1, 2, 3)).tolist() == [11, 11]
    with pytest.raises(BadFile, match=r"img_3\.png: is a link to .*secret\.png, outside of its folder; modality\.data"):
        reader.read([2])
    allowed = Bounds(BOUNDS.max_pixels, BOUNDS.max_seconds, follow_links=True)
    assert open_video(str(tmp_path / "film"), allowed).read([2]).float().mean() == 77


def test_frames_of_16_bits_are_not_clipped(tmp_path: Path) -> None:
    levels = (np.arange(16 * 16, dtype=np.uint16) * 257).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "img_1.png")
    found = open_video(str(tmp_path), BOUNDS).read([0])[0]
    assert (found == torch.arange(256).reshape(16, 16)).all()


def test_images_of_another_size_are_named_also_between_pieces(tmp_path: Path) -> None:
    for number in range(6):
        grey(tmp_path / f"{number}.png", number, (24, 16) if number < 4 else (32, 16))
    walk = FolderReader(str(tmp_path), BOUNDS).walk([[0, 1, 2, 3], [4, 5]])
    assert next(walk).shape == (4, 3, 16, 24)
    with pytest.raises(BadFile, match=r"4\.png: is 32 x 16, and 0\.png is 24 x 16"):
        next(walk)
