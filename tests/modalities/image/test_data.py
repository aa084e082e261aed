"""modalities.image.data: files, idx files and CIFAR-10 written here in their real formats, and spoilt ones refused."""

import gzip
import pickle
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from modalities.image.data import CIFAR10_FOLDER, ImageData, read_idx, read_image
from modalities.image.options import Data
from vggx.data.listing import BadFile, Sample
from vggx.data.statistics import moments

CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
FASHION = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]


def options(**given: Any) -> Data:
    defaults = {"size": 16, "channels": 3, "crop_scale": [0.5, 1.0], "flip": False, "batch_size": 4, "num_workers": 0}
    return Data(**{**defaults, **given})


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_idx(path: Path, array: np.ndarray) -> None:
    """LeCun's format: two zeros, 8 for bytes, the number of axes, each size in four big-endian bytes, the values."""
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_mnist(
    root: Path, train: int = 40, test: int = 10, *, suffix: str = "", side: int = 28
) -> dict[str, np.ndarray]:
    """MNIST's four files, of random images whose label is their number modulo 10."""
    root.mkdir(exist_ok=True)
    arrays = {}
    for prefix, count in {"train": train, "t10k": test}.items():
        arrays[prefix] = noise(count, side, side, seed=count)
        write_idx(root / f"{prefix}-images-idx3-ubyte{suffix}", arrays[prefix])
        write_idx(root / f"{prefix}-labels-idx1-ubyte{suffix}", np.arange(count, dtype=np.uint8) % 10)
    return arrays


def write_cifar(root: Path, each: int = 8, test: int = 10) -> np.ndarray:
    """CIFAR-10's folder "for Python": pickled batches of rows of 3072 bytes (1024 red, 1024 green, 1024 blue)."""
    place = root / CIFAR10_FOLDER
    place.mkdir(parents=True)
    rows = noise(5 * each + test, 3072)
    parts = {f"data_batch_{n + 1}": rows[n * each : (n + 1) * each] for n in range(5)} | {
        "test_batch": rows[5 * each :]
    }
    for name, part in parts.items():
        labels = [number % 10 for number in range(len(part))]
        entry = {"batch_label": name, "data": part, "labels": labels, "filenames": [f"{n}.png" for n in labels]}
        (place / name).write_bytes(pickle.dumps(entry, protocol=2))
    meta = {"label_names": CIFAR10_CLASSES, "num_cases_per_batch": each, "num_vis": 3072}
    (place / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))
    return rows.reshape(-1, 3, 32, 32)


@pytest.fixture
def no_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision knows the checksums of the real CIFAR-10 alone."""
    monkeypatch.setattr(torchvision.datasets.cifar, "check_integrity", lambda path, md5=None: Path(path).is_file())


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
            assert batch["input"].dtype == torch.uint8
            assert batch["input"].shape[1:] == (3, 16, 16)
            assert torch.equal(batch["input"][:, 0, 8, 8] > 100, batch["label"] == 1)  # blue, red


def test_bad_files_of_a_folder(folder: Path) -> None:
    text(folder / "red" / "text.png")
    zero_bytes(folder / "blue" / "empty.jpg")
    truncated(folder / "blue" / "cut.png")
    (folder / "red" / "folder.png").mkdir()  # holds no picture and is none: not listed at all
    data = ImageData(options(root=str(folder), val_share=0, test_share=0, num_workers=1))
    batches = list(data.train_dataloader())
    assert sum(len(batch["input"]) for batch in batches) == 23
    bad = {Path(path).name: reason for batch in batches for path, reason in batch["bad"].items()}
    assert sorted(bad) == ["cut.png", "empty.jpg", "text.png"]
    evaluated = list(data.loader(data.dataset("train")))
    assert sum(len(batch["input"]) for batch in evaluated) == 20


def test_channels_have_to_be_1_or_3(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.channels must be 1 or 3, not 2"):
        ImageData(options(root=str(folder), channels=2)).train_dataloader()


def test_mean_and_standard_deviation_of_a_split_are_numpys(folder: Path) -> None:
    for path in folder.rglob("*.png"):
        Image.fromarray(noise(16, 16, 3, seed=int(path.stem))).save(path)
    data = ImageData(options(root=str(folder), val_share=0, test_share=0, resize=16))
    found = moments(batch["input"] / 255 for batch in data.loader(data.dataset("train")))
    values = np.stack([np.asarray(Image.open(path)) for path in folder.rglob("*.png")]) / 255
    np.testing.assert_allclose(found.mean, values.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(found.std, values.std((0, 1, 2)), atol=1e-6)


# idx


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("shape", [(5,), (3, 4, 2), (2, 28, 28)])
def test_idx_files_give_their_arrays(tmp_path: Path, suffix: str, shape: tuple[int, ...]) -> None:
    array = noise(*shape)
    write_idx(tmp_path / f"a{suffix}", array)
    found = read_idx(tmp_path / f"a{suffix}")
    assert found.dtype == np.uint8
    assert np.array_equal(found, array)


def shorter(content: bytes) -> bytes:
    return content[:-1]


def longer(content: bytes) -> bytes:
    return content + b"\0"


def cut_in_the_header(content: bytes) -> bytes:
    return content[:10]


def of_floats(content: bytes) -> bytes:
    return content[:2] + b"\x0d" + content[3:]


def little_endian(content: bytes) -> bytes:
    return content[3::-1] + content[4:]


def nothing(content: bytes) -> bytes:
    return b""


WRONG = {
    shorter: "holds 17 bytes where its header says 2 x 3 x 3",
    longer: "holds 19 bytes where its header says 2 x 3 x 3",
    cut_in_the_header: "a",
    of_floats: "is not an idx file of bytes: it begins with 00 00 0d 03",
    little_endian: "is not an idx file of bytes: it begins with 03 08 00 00",
    nothing: "is not an idx file of bytes",
}


@pytest.mark.parametrize("spoil", WRONG)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_that_are_wrong(tmp_path: Path, spoil: Callable[[bytes], bytes], suffix: str) -> None:
    write_idx(tmp_path / "images", noise(2, 3, 3))
    content = spoil((tmp_path / "images").read_bytes())
    path = tmp_path / f"spoilt{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(ValueError, match=rf"spoilt.* {WRONG[spoil]}"):
        read_idx(path)


@pytest.mark.parametrize("number", [5, 30, 600, -5])
def test_idx_archives_that_are_cut(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.gz"
    write_idx(path, noise(2, 28, 28))
    path.write_bytes(path.read_bytes()[:number])
    with pytest.raises(ValueError, match=r"a\.gz is not a whole gzip file"):
        read_idx(path)


def test_idx_archives_with_a_wrong_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    write_idx(path, np.tile(noise(40), (50, 1, 1)))
    content = path.read_bytes()
    for place in range(12, len(content) - 1):  # the ten bytes before hold the time, a name and flags
        spoilt = bytearray(content)
        spoilt[place] ^= 0xFF
        path.write_bytes(spoilt)
        with pytest.raises(ValueError, match=r"a\.gz"):
            read_idx(path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnists_four_files(tmp_path: Path, suffix: str) -> None:
    arrays = write_mnist(tmp_path, suffix=suffix)
    data = ImageData(options(root=str(tmp_path), channels=1, size=28, resize=28))
    assert data.describe().endswith("(source idx, guessed): 10 classes, 30 train, 10 val, 10 test")
    listing = data.find()
    assert listing.classes == [str(digit) for digit in range(10)]
    names = {sample.path for split in ("train", "val") for sample in listing.splits[split]}
    assert names == {f"train-images-idx3-ubyte#{number}" for number in range(40)}
    for split, prefix in {"train": "train", "val": "train", "test": "t10k"}.items():
        for batch in data.loader(data.dataset(split)):
            for image, label, file in zip(batch["input"], batch["label"], batch["file"], strict=True):
                number = int(listing.splits[split][file].path.rpartition("#")[2])
                assert label == number % 10
                assert np.array_equal(image[0].numpy(), arrays[prefix][number])


def test_validation_of_idx_files_is_the_same_share_of_every_class(tmp_path: Path) -> None:
    write_mnist(tmp_path, train=400)
    listing = ImageData(options(root=str(tmp_path))).find()
    labels = np.array([sample.label for sample in listing.splits["val"]])
    assert np.bincount(labels).tolist() == [6] * 10


def test_the_other_spelling_of_idx_names(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    data = ImageData(options(root=str(tmp_path), source="idx"))
    assert len(data.find().splits["test"]) == 10
    assert ImageData(options(root=str(tmp_path))).guess(tmp_path) == "idx"


def test_given_class_names_of_idx_files(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    assert ImageData(options(root=str(tmp_path), classes=FASHION)).find().classes == FASHION
    with pytest.raises(ValueError, match=r"label 9 is not in the class list of 3: \['a', 'b', 'c'\]"):
        ImageData(options(root=str(tmp_path), classes=["a", "b", "c"])).find()


def test_as_many_labels_as_images(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(39, np.uint8))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte has 40 images and 39 labels"):
        ImageData(options(root=str(tmp_path))).find()


def test_images_and_labels_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    labels = (tmp_path / "train-labels-idx1-ubyte").read_bytes()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(labels)  # 40 of them, as there are labels
    with pytest.raises(ValueError, match="train-images-idx3-ubyte"):
        ImageData(options(root=str(tmp_path))).find()


def test_empty_idx_files_are_named(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((0, 28, 28), np.uint8))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(0, np.uint8))
    with pytest.raises(ValueError, match="train"):
        ImageData(options(root=str(tmp_path))).find()


def test_a_missing_idx_file_is_named(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
        ImageData(options(root=str(tmp_path))).find()


@pytest.mark.parametrize("workers", [0, 2])
def test_grey_arrays_as_colour(tmp_path: Path, workers: int) -> None:
    write_mnist(tmp_path)
    data = ImageData(options(root=str(tmp_path), size=28, resize=28, num_workers=workers))
    batch = next(iter(data.test_dataloader()))
    assert batch["input"].shape == (4, 3, 28, 28)
    assert torch.equal(batch["input"][:, 0], batch["input"][:, 2])


def test_fashion_mnist(shared_data: Path) -> None:
    data = ImageData(options(root=str(shared_data / "fashion_mnist" / "idx"), channels=1, size=28, resize=28))
    listing = data.find()
    assert data.source == "idx"
    assert listing.counts() == "51000 train, 9000 val, 10000 test"
    for split, each in {"train": 5100, "val": 900, "test": 1000}.items():
        labels = np.array([sample.label for sample in listing.splits[split]])
        assert np.bincount(labels).tolist() == [each] * 10
    assert [sample.label for sample in listing.splits["test"][:10]] == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]  # as published


# CIFAR-10


@pytest.mark.usefixtures("no_checksums")
def test_cifar10_through_torchvision(tmp_path: Path) -> None:
    pictures = write_cifar(tmp_path)
    data = ImageData(options(root=str(tmp_path), size=32, resize=32))
    assert data.describe().endswith("(source cifar10, guessed): 10 classes, 32 train, 8 val, 10 test")
    listing = data.find()
    assert listing.classes == CIFAR10_CLASSES
    for split, offset in {"train": 0, "val": 0, "test": 40}.items():
        dataset = data.dataset(split)
        for index, sample in enumerate(listing.splits[split]):
            number = int(sample.path.rpartition("#")[2])
            assert np.array_equal(dataset[index]["input"].numpy(), pictures[offset + number])
            assert sample.label == (number % 8 if split != "test" else number)


@pytest.mark.usefixtures("no_checksums")
def test_cifar10_in_grey(tmp_path: Path) -> None:
    pictures = write_cifar(tmp_path)
    data = ImageData(options(root=str(tmp_path), size=32, resize=32, channels=1))
    batch = next(iter(data.test_dataloader()))
    assert batch["input"].shape == (4, 1, 32, 32)
    luma = np.einsum("nchw,c->nhw", pictures[40:44].astype(float), [0.2989, 0.587, 0.114])  # torchvision's
    assert np.abs(batch["input"][:, 0].numpy() - luma).max() <= 1


def test_a_cifar10_that_is_not_the_real_one_is_refused(tmp_path: Path) -> None:
    write_cifar(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"does not hold CIFAR-10 \(cifar-10-batches-py\)"):
        ImageData(options(root=str(tmp_path))).find()


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
    assert next(iter(data.train_dataloader()))["input"].shape == (4, 1, 32, 32)


def test_a_small_folder_of_fashion(shared_data: Path) -> None:
    data = ImageData(options(root=str(shared_data / "fashion_mnist" / "folder_small")))
    assert data.find().counts() == "850 train, 150 val, 200 test"
    assert data.find().classes[9] == "9_Ankle_boot"
    item = data.dataset("test")[199]
    assert (item["input"].shape, item["label"]) == ((3, 16, 16), 9)


def test_new_files_need_no_data_set(folder: Path) -> None:
    data = ImageData(options())
    samples = data.new_files([str(folder / "red")])
    assert samples == [Sample(str(folder / "red" / f"{number}.png")) for number in range(10)]
    (batch,) = data.loader(data.new_dataset(samples[:4]))
    assert batch["input"].shape == (4, 3, 16, 16)
