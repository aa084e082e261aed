"""modalities.audio.stretches: a file in pieces is the file at once; bad ones are named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from modalities.audio import stretches as module
from modalities.audio.options import Data
from modalities.audio.stretches import stretches
from vggx.data.listing import BadFile

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Samples as a file of floats; files are read in blocks of 1,000 samples."""
    monkeypatch.setattr(module, "BLOCK", 1000)

    def written(x: np.ndarray, rate: int = 8000) -> str:
        path = str(tmp_path / "a.wav")
        soundfile.write(path, x, rate, subtype="FLOAT")
        return path

    return written


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.2, shape).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 11025, 7999])
@pytest.mark.parametrize("samples", [1, 999, 1000, 23_456])
def test_a_file_in_pieces_is_the_file_at_once(write: Write, rate: int, samples: int) -> None:
    x = noise(samples)
    at_once = x if rate == 8000 else soxr.resample(x, rate, 8000, quality="HQ")
    path = write(x, rate)
    if len(at_once):
        np.testing.assert_array_equal(np.concatenate(list(stretches(path, Data(sample_rate=8000)))), at_once)
    else:
        with pytest.raises(BadFile, match="is too short for one sample at 8000 Hz"):
            list(stretches(path, Data(sample_rate=8000)))


def test_channels_are_mixed_as_in_a_clip(write: Write) -> None:
    x = noise(2500, 3)
    found = np.concatenate(list(stretches(write(x), Data(sample_rate=8000))))
    np.testing.assert_array_equal(found, x.mean(1))
    with pytest.raises(BadFile, match="has 3 channels"):
        list(stretches(write(x), Data(sample_rate=8000, channels="mono")))


def test_no_number_is_named_wherever_it_stands(write: Write) -> None:
    x = noise(5000)
    x[4321] = np.nan
    with pytest.raises(BadFile, match=r"a\.wav: holds samples that are not numbers"):
        list(stretches(write(x), Data(sample_rate=16000)))


def test_silence_is_named_and_a_late_sound_is_none(write: Write) -> None:
    x = np.zeros(5000, np.float32)
    with pytest.raises(BadFile, match=r"a\.wav: is silence"):
        list(stretches(write(x), Data(sample_rate=8000)))
    x[4321] = 0.1
    assert len(np.concatenate(list(stretches(write(x), Data(sample_rate=8000))))) == 5000


def test_a_cut_file_is_named(write: Write) -> None:
    path = Path(write(noise(5000)))
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(BadFile, match=r"a\.wav: is truncated"):
        list(stretches(str(path), Data(sample_rate=8000)))


def test_a_flac_file_that_ends_too_soon_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(200_000), 8000)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(BadFile, match=r"a\.flac: (ends after|is not a readable)"):
        list(stretches(str(path), Data(sample_rate=8000)))
