"""modalities.image.data: files, idx files and CIFAR-10 written here in their real formats, and spoilt ones refused."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from modalities.image.data import CIFAR10_FOLDER, ImageData, read_image
from tests.modalities.image.pictures import noise, options
from vggx.data.listing import BadFile, Sample
from vggx.data.statistics import moments

# one file


@pytest.mark.parametrize("ending", ["png", "bmp", "ppm", "tiff", "webp"])
def test_lossless_files_give_their_pixels(tmp_path: Path, ending: str) -> None:
    pixels = noise(5, 7, 3)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(pixels).save(path, **({"lossless": True} if ending == "webp" else {}))
    found = read_image(str(path), 3)
    assert found.dtype == torch.uint8
    assert np.array_equal(found.permute(1, 2, 0).numpy(), pixels)


def test_jpeg_comes_near(tmp_path: Path) -> None:
    pixels = np.broadcast_to(np.arange(0, 128, 2, dtype=np.uint8)[:, None, None], (64, 64, 3))
    Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / "a.jpg", quality=95)
    found = read_image(str(tmp_path / "a.jpg"), 3).permute(1, 2, 0).numpy()
    assert np.abs(found.astype(int) - pixels).max() <= 4


def test_colour_as_grey_is_the_usual_luma(tmp_path: Path) -> None:
    pixels = noise(6, 6, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = read_image(str(tmp_path / "a.png"), 1)
    assert found.shape == (1, 6, 6)
    luma = pixels.astype(float) @ [0.299, 0.587, 0.114]  # ITU-R 601-2
    assert np.abs(found[0].numpy() - luma).max() <= 1


def test_grey_as_colour_is_three_times_the_same(tmp_path: Path) -> None:
    pixels = noise(6, 6)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = read_image(str(tmp_path / "a.png"), 3).numpy()
    assert all(np.array_equal(channel, pixels) for channel in found)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_every_mode_becomes_three_channels_of_bytes(tmp_path: Path, mode: str) -> None:
    name = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    Image.new("RGB", (4, 3), "white").convert(mode).save(name)
    assert torch.equal(read_image(str(name), 3), torch.full((3, 3, 4), 255, dtype=torch.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_become_the_upper_eight(tmp_path: Path, channels: int) -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels * 257).save(tmp_path / "a.png")  # 65535 is white, as 255 is
    found = read_image(str(tmp_path / "a.png"), channels)
    assert np.abs(found[0].numpy().astype(int) - levels).max() <= 1


# bad files


def missing(path: Path) -> None:
    pass


def zero_bytes(path: Path) -> None:
    path.touch()


def a_folder(path: Path) -> None:
    path.mkdir()


def text(path: Path) -> None:
    path.write_text("This is no picture.\n" * 50)


def truncated(path: Path) -> None:
    Image.fromarray(noise(32, 32, 3)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def half_a_header(path: Path) -> None:
    Image.fromarray(noise(32, 32, 3)).save(path)
    path.write_bytes(path.read_bytes()[:20])


BAD = {
    missing: "does not exist",
    zero_bytes: r"is empty \(0 bytes\)",
    a_folder: "is not a file",
    text: "is not a readable image",
    truncated: "is not a readable image",
    half_a_header: "is not a readable image",
}


@pytest.mark.parametrize("spoil", BAD)
@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp"])
def test_a_bad_file_is_named_and_why(tmp_path: Path, spoil: Callable[[Path], None], ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    spoil(path)
    with pytest.raises(BadFile, match=rf"x\.{ending}: {BAD[spoil]}"):
        read_image(str(path), 3)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp", "webp", "tiff", "ppm"])
def test_no_spoilt_file_gives_another_error(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(noise(16, 16, 3)).save(path)
    whole, draw, outcomes = path.read_bytes(), random.Random(0), []
    for _ in range(60):
        spoilt = bytearray(whole)
        for _ in range(3):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        path.write_bytes(spoilt)
        try:
            outcomes.append(read_image(str(path), 3).shape[0])
        except BadFile as error:
            outcomes.append(0 if str(path) in str(error) else -1)
    assert set(outcomes) <= {0, 3}


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (64, 64)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(BadFile, match=r"a\.png: is not a readable image .*exceeds limit"):
        read_image(str(tmp_path / "a.png"), 3)


# folders of images


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten red and ten blue pictures of several sizes."""
    for name, colour in {"red": (200, 0, 0), "blue": (0, 0, 200)}.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (20 + number, 30 - number), colour).save(tmp_path / "data" / name / f"{number}.png")
    return tmp_path / "data"


def test_batches_of_a_folder(folder: Path) -> None:
    data = ImageData(options(root=str(folder)))
    assert data.describe().endswith("(source folder, guessed): 2 classes, 12 train, 4 val, 4 test")
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        for batch in loader:
            assert batch.input.dtype == torch.uint8
            assert batch.input.shape[1:] == (3, 16, 16)
            assert torch.equal(batch.input[:, 0, 8, 8] > 100, batch.target == 1)  # blue, red


def test_bad_files_of_a_folder(folder: Path) -> None:
    text(folder / "red" / "text.png")
    zero_bytes(folder / "blue" / "empty.jpg")
    truncated(folder / "blue" / "cut.png")
    (folder / "red" / "folder.png").mkdir()  # holds no picture and is none: not listed at all
    data = ImageData(options(root=str(folder), val_share=0, test_share=0, num_workers=1))
    batches = list(data.train_dataloader())
    assert sum(len(batch.input) for batch in batches) == 23
    bad = {Path(path).name: reason for batch in batches for path, reason in batch.bad.items()}
    assert sorted(bad) == ["cut.png", "empty.jpg", "text.png"]
    evaluated = list(data.loader(data.dataset("train")))
    assert sum(len(batch.input) for batch in evaluated) == 20


def test_channels_have_to_be_1_or_3(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.channels must be 1 or 3, not 2"):
        ImageData(options(root=str(folder), channels=2)).train_dataloader()


def test_mean_and_standard_deviation_of_a_split_are_numpys(folder: Path) -> None:
    for path in folder.rglob("*.png"):
        Image.fromarray(noise(16, 16, 3, seed=int(path.stem))).save(path)
    data = ImageData(options(root=str(folder), val_share=0, test_share=0, resize=16))
    found = moments(batch.input / 255 for batch in data.loader(data.dataset("train")))
    values = np.stack([np.asarray(Image.open(path)) for path in folder.rglob("*.png")]) / 255
    np.testing.assert_allclose(found.mean, values.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(found.std, values.std((0, 1, 2)), atol=1e-6)


# sources


def test_the_source_is_guessed_from_what_lies_in_the_root(tmp_path: Path) -> None:
    data = ImageData(options())
    assert data.guess(tmp_path) == "folder"
    (tmp_path / CIFAR10_FOLDER).mkdir()
    assert data.guess(tmp_path) == "cifar10"
    (tmp_path / "train-images-idx3-ubyte.gz").touch()
    assert data.guess(tmp_path) == "idx"
    other = tmp_path / "other"
    other.mkdir()
    (other / "labels.csv").touch()
    assert data.guess(other) == "manifest"
    assert data.guess(None) == "folder"


def test_a_misspelt_source(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must be one of folder, manifest, idx, cifar10, digits, not 'cifar'"):
        ImageData(options(root=str(tmp_path), source="cifar")).find()


@pytest.mark.parametrize("source", ["cifar10", "idx"])
def test_a_source_without_its_root(source: str) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.source={source} needs modality\.data\.root=FOLDER"):
        ImageData(options(source=source)).find()


def test_the_embedded_digits() -> None:
    data = ImageData(options(source="digits", channels=1, size=32, resize=32))
    assert data.describe() == "embedded (source digits): 10 classes, 1257 train, 270 val, 270 test"
    assert data.find().classes == [str(digit) for digit in range(10)]
    assert next(iter(data.train_dataloader())).input.shape == (4, 1, 32, 32)


def test_a_small_folder_of_fashion(shared_data: Path) -> None:
    data = ImageData(options(root=str(shared_data / "fashion_mnist" / "folder_small")))
    assert data.find().counts() == "850 train, 150 val, 200 test"
    assert data.find().classes[9] == "9_Ankle_boot"
    item = data.dataset("test")[199]
    assert (item["input"].shape, item["target"]) == ((3, 16, 16), 9)


def test_new_files_need_no_data_set(folder: Path) -> None:
    data = ImageData(options())
    samples = data.new_files([str(folder / "red")])
    assert samples == [Sample(str(folder / "red" / f"{number}.png")) for number in range(10)]
    (batch,) = data.loader(data.new_dataset(samples[:4]))
    assert batch.input.shape == (4, 3, 16, 16)
