"""Sounds that are quick to learn, and a cache folder of a test's own."""

from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="session")
def low_and_high(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Low and high tones at 8 kHz, 0.1 to 0.5 s, in noise; easy to tell apart."""
    root, draw = tmp_path_factory.mktemp("tones"), np.random.default_rng(0)
    for split, count in {"train": 12, "val": 4, "test": 4}.items():
        for label, hertz in {"low": 300, "high": 2400}.items():
            (root / split / label).mkdir(parents=True)
            for number in range(count):
                t = np.arange(draw.integers(800, 4000)) / 8000
                x = 0.3 * np.sin(2 * np.pi * hertz * draw.uniform(0.8, 1.2) * t) + draw.normal(0, 0.01, len(t))
                soundfile.write(root / split / label / f"{number}.wav", x, 8000)
    return root


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
