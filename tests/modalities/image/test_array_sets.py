"""modalities.image.data: idx files and CIFAR-10, which keep many images in one array."""

import gzip
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from modalities.image.data import CIFAR10_FOLDER, ImageData, read_idx
from tests.modalities.image.pictures import noise, options, write_idx, write_mnist

CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
FASHION = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]


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
            for image, label, file in zip(batch.input, batch.target, batch.file, strict=True):
                number = int(listing.splits[split][file].path.rpartition("#")[2])
                assert label == number % 10
                assert np.array_equal(image[0].numpy(), arrays[prefix][number])


def test_validation_of_idx_files_is_the_same_share_of_every_class(tmp_path: Path) -> None:
    write_mnist(tmp_path, train=400)
    listing = ImageData(options(root=str(tmp_path))).find()
    labels = np.array([sample.target for sample in listing.splits["val"]])
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
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte has 1 axes where 3 are expected$"):
        ImageData(options(root=str(tmp_path))).find()


def test_a_class_of_which_there_is_no_training_image_counts(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(40, dtype=np.uint8) % 9)
    listing = ImageData(options(root=str(tmp_path))).find()
    assert listing.classes == [str(number) for number in range(10)]
    assert {sample.target for sample in listing.splits["train"] + listing.splits["val"]} == set(range(9))


def test_empty_idx_files_are_named(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((0, 28, 28), np.uint8))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(0, np.uint8))
    with pytest.raises(ValueError, match=rf"^train-labels-idx1-ubyte of {tmp_path} holds no labels$"):
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
    assert batch.input.shape == (4, 3, 28, 28)
    assert torch.equal(batch.input[:, 0], batch.input[:, 2])


def test_fashion_mnist(shared_data: Path) -> None:
    data = ImageData(options(root=str(shared_data / "fashion_mnist" / "idx"), channels=1, size=28, resize=28))
    listing = data.find()
    assert data.source == "idx"
    assert listing.counts() == "51000 train, 9000 val, 10000 test"
    for split, each in {"train": 5100, "val": 900, "test": 1000}.items():
        labels = np.array([sample.target for sample in listing.splits[split]])
        assert np.bincount(labels).tolist() == [each] * 10
    assert [sample.target for sample in listing.splits["test"][:10]] == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]  # as published


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
            assert sample.target == (number % 8 if split != "test" else number)


@pytest.mark.usefixtures("no_checksums")
def test_cifar10_in_grey(tmp_path: Path) -> None:
    pictures = write_cifar(tmp_path)
    data = ImageData(options(root=str(tmp_path), size=32, resize=32, channels=1))
    batch = next(iter(data.test_dataloader()))
    assert batch.input.shape == (4, 1, 32, 32)
    luma = np.einsum("nchw,c->nhw", pictures[40:44].astype(float), [0.2989, 0.587, 0.114])  # torchvision's
    assert np.abs(batch.input[:, 0].numpy() - luma).max() <= 1


def test_a_cifar10_that_is_not_the_real_one_is_refused(tmp_path: Path) -> None:
    write_cifar(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"does not hold CIFAR-10 \(cifar-10-batches-py\)"):
        ImageData(options(root=str(tmp_path))).find()
