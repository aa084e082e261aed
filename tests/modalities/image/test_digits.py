"""modalities.image.digits: the files on disk against scikit-learn's arrays."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from modalities.image import digits

SPLITS = {"train": 0.70, "val": 0.15, "test": 0.15}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("digits")
    digits.write(root)
    return root


def test_every_image_is_written_once(folder: Path) -> None:
    names = [int(path.stem) for path in folder.rglob("*.png")]
    assert sorted(names) == list(range(1797))
    assert all(len(path.stem) == 4 for path in folder.rglob("*.png"))


@pytest.mark.parametrize(("split", "total"), [("train", 1257), ("val", 270), ("test", 270)])
def test_splits_are_stratified(folder: Path, split: str, total: int) -> None:
    counts = {path.name: len(list(path.iterdir())) for path in (folder / split).iterdir()}
    assert sum(counts.values()) == total
    assert sorted(counts) == [str(label) for label in range(10)]
    for label, whole in enumerate(np.bincount(load_digits().target)):
        assert abs(counts[str(label)] - SPLITS[split] * whole) < 1


def test_pixels_and_labels_are_scikit_learns(folder: Path) -> None:
    source = load_digits()
    for path in folder.rglob("*.png"):
        with Image.open(path) as image:
            assert (image.mode, image.size) == ("L", (8, 8))
            pixels = np.asarray(image)
        ink = source.images[int(path.stem)].astype(int)
        assert np.array_equal(pixels, (255 * ink + 8) // 16)  # 255 / 16 of the ink, to the nearest whole
        assert path.parent.name == str(source.target[int(path.stem)])


def test_grey_levels(folder: Path) -> None:
    levels = sorted({level for path in folder.rglob("*.png") for level in Image.open(path).tobytes()})
    assert levels == [0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255]


def test_no_picture_is_in_two_splits(folder: Path) -> None:
    pictures = [{Image.open(path).tobytes() for path in (folder / split).rglob("*.png")} for split in SPLITS]
    assert len(set.union(*pictures)) == sum(map(len, pictures)) == 1797


def test_the_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    digits.write(tmp_path)
    again = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.png")}
    assert again == {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.png")}
