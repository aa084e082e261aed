"""Pictures and arrays of them written by the tests."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np

from modalities.image.options import Data


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
