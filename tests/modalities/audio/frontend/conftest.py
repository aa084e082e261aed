"""Sounds for the tests of the front-ends: a chirp in noise at any rate, and real recordings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

Sound = Callable[..., np.ndarray]
Recordings = Callable[[int], dict[str, np.ndarray]]


@pytest.fixture(scope="session")
def sound() -> Sound:
    """sound(rate, seconds) -> (samples,) a chirp through all frequencies, with noise."""

    def chirp(rate: int, seconds: float = 1.0) -> np.ndarray:
        t = np.arange(round(rate * seconds)) / rate
        wave = 0.5 * np.sin(2 * np.pi * (50 * t + 0.24 * rate / seconds * t**2))
        return (wave + 0.05 * np.random.default_rng(0).normal(size=len(t))).astype(np.float32)

    return chirp


@pytest.fixture(scope="session")
def recordings(shared_data: Path) -> Recordings:
    """recordings(rate) -> {name: (samples,)}: music, machines, speech and spoken digits, at most three seconds each."""
    paths = [*sorted((shared_data / "media/audio").iterdir())]
    paths += sorted((shared_data / "fsdd/recordings").glob("*_0.wav"))[:12]

    def at(rate: int) -> dict[str, np.ndarray]:
        found = {}
        for path in paths:
            x, own = soundfile.read(path, dtype="float32", always_2d=True)
            x = x.mean(1)[: 3 * own]
            found[path.name] = (soxr.resample(x, own, rate) if own != rate else x).astype(np.float32)
        return found

    return at
