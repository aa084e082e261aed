"""scikit-learn's handwritten digits -> a folder of PNG files, one folder per split and class.

Real scans (UCI "Optical Recognition of Handwritten Digits", test part) that come with the package: nothing
is downloaded, and 1797 images are enough to see a small net learn.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def write(folder: Path) -> None:
    """Write ``folder/{train,val,test}/{0..9}/NNNN.png``: 8 x 8, 8-bit grey.

    NNNN is the image's index in the scikit-learn set. Files that are already there are overwritten.
    """
    scans, labels = load_digits().images, load_digits().target
    pixels = np.rint(scans * 255 / 16).astype(np.uint8)  # the scans count ink in 0..16
    for name, indices in split(labels).items():
        for index in indices:
            path = folder / name / str(labels[index]) / f"{index:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[index]).save(path)


def split(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Labels (N) -> the indices of train, val and test: 70 / 15 / 15 % of each class, always the same."""
    train, rest = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    val, test = train_test_split(rest, test_size=0.5, stratify=labels[rest], random_state=0)
    return {"train": train, "val": val, "test": test}
