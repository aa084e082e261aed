"""Sounds written by the tests, and how they are read."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from torch import Tensor

from modalities.audio.data import AudioData
from modalities.audio.options import Data
from vggx.data.listing import Sample

ENDINGS = ("wav", "flac", "ogg", "mp3", "aiff", "w64", "au")


def options(**given: Any) -> Data:
    return Data(**{"sample_rate": 16000, "seconds": 0.5, "batch_size": 4, "num_workers": 0, **given})


def loads(path: Path, train: bool = False, view: int = 0, views: int = 1, **given: Any) -> Tensor:
    return AudioData(options(**given)).load(train)(Sample(str(path)), view, views)[0]


def tone(frequency: float, rate: int, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def counted(path: Path, samples: int, rate: int = 16000) -> Path:
    """A 32-bit float WAV in which sample n is (n + 1) / 65536, which tells its number."""
    soundfile.write(path, np.arange(1, samples + 1, dtype=np.float32) / 65536, rate, subtype="FLOAT")
    return path


def numbers_of(x: Tensor) -> list[int]:
    return (x * 65536).int().tolist()


def peak(x: Tensor, rate: int) -> float:
    """Hz of the strongest frequency, by the Fourier transform of all of x."""
    spectrum = np.abs(np.fft.rfft(x.numpy() * np.hanning(len(x))))
    return float(spectrum.argmax() * rate / len(x))
