"""logmel, librosa and panns against librosa's spectrograms, on a chirp in noise and on real recordings."""

import librosa
import numpy as np
import pytest
import torch

from modalities.audio.frontend import CentredMel, LibrosaMel, LogMel, PannsMel
from modalities.audio.frontend.centred import FLOOR, reflected

SCALES = ["htk", "slaney"]


def maps(frontend: CentredMel, x: np.ndarray) -> np.ndarray:
    return frontend(torch.from_numpy(x)[None])[0][0].numpy()


def by_librosa(
    x: np.ndarray, rate: int, n_fft: int, hop: int, mels: int, low: float, high: float | None, scale: str
) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=x,
        sr=rate,
        n_fft=n_fft,
        hop_length=hop,
        n_mels=mels,
        fmin=low,
        fmax=high,
        htk=scale == "htk",
        norm="slaney" if scale == "slaney" else None,
        pad_mode="constant",
        power=2.0,
    )
    return np.log(power + FLOOR)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("rate", "n_fft", "hop", "mels", "low", "high"),
    [
        (16000, 1024, 160, 64, 0.0, None),
        (8000, 256, 80, 40, 0.0, None),
        (22050, 2048, 512, 128, 0.0, None),
        (16000, 512, 160, 40, 125.0, 7500.0),
        (11025, 512, 128, 32, 0.0, None),  # half of an odd rate is no whole number of Hz
        (16000, 1001, 160, 64, 0.0, None),  # the last bin of an odd n_fft lies below half the rate
        (44101, 735, 441, 40, 20.0, 20000.0),
    ],
)
def test_logmel_equals_librosas(
    rate: int, n_fft: int, hop: int, mels: int, low: float, high: float | None, scale: str, sound
) -> None:
    x = sound(rate)
    frontend = LogMel(rate, n_fft=n_fft, hop=hop, mels=mels, f_min=low, f_max=high, mel_scale=scale)
    found, expected = maps(frontend, x), by_librosa(x, rate, n_fft, hop, mels, low, high, scale)
    assert found.shape == expected.shape == (mels, frontend.steps(len(x)))
    assert np.abs(found - expected).max() <= 1e-5


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("rate", "n_fft", "hop", "mels"), [(16000, 1024, 160, 64), (8000, 256, 80, 40)])
def test_logmel_equals_librosas_on_recordings(
    rate: int, n_fft: int, hop: int, mels: int, scale: str, recordings
) -> None:
    frontend = LogMel(rate, n_fft=n_fft, hop=hop, mels=mels, mel_scale=scale)
    for name, x in recordings(rate).items():
        difference = maps(frontend, x) - by_librosa(x, rate, n_fft, hop, mels, 0.0, None, scale)
        assert np.abs(difference).max() <= 1e-5, name


def decibels(x: np.ndarray, **settings: float | str) -> np.ndarray:
    return librosa.power_to_db(librosa.feature.melspectrogram(y=x, **settings), ref=1.0, amin=1e-10, top_db=None)


def test_librosas_defaults(sound, recordings) -> None:
    for name, x in {"chirp": sound(22050), **recordings(22050)}.items():
        assert np.abs(maps(LibrosaMel(), x) - decibels(x, sr=22050)).max() <= 1e-4, name


def test_far_below_a_loud_tone() -> None:
    """A window rounded to float32 leaks into the other bands, 0.1 dB of their quiet."""
    x = (0.99 * np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)).astype(np.float32)
    assert np.abs(maps(LibrosaMel(), x) - decibels(x, sr=22050)).max() <= 1e-4


def test_panns_by_librosa(sound, recordings) -> None:
    own = {"sr": 32000, "n_fft": 1024, "hop_length": 320, "n_mels": 64, "fmin": 50, "fmax": 14000}
    for name, x in {"chirp": sound(32000), **recordings(32000)}.items():
        assert np.abs(maps(PannsMel(), x) - decibels(x, pad_mode="reflect", **own)).max() <= 1e-4, name


@pytest.mark.parametrize("length", [1, 2, 3, 100, 512, 513, 900])
def test_panns_mirrors_a_clip_as_often_as_it_is_short(length: int, sound) -> None:
    x = sound(32000)[:length]
    mirrored = np.pad(x, 512, mode="reflect")
    own = {"sr": 32000, "n_fft": 1024, "hop_length": 320, "n_mels": 64, "fmin": 50, "fmax": 14000}
    assert np.abs(maps(PannsMel(), x) - decibels(mirrored, center=False, **own)).max() <= 1e-4


def test_every_clip_of_a_batch_is_mirrored_at_its_own_ends() -> None:
    x = torch.arange(1.0, 13).view(2, 6)
    found = reflected(x, torch.tensor([6, 3]), 4)
    assert found[0].tolist() == np.pad([1, 2, 3, 4, 5, 6], 4, mode="reflect").tolist()
    assert found[1, :11].tolist() == np.pad([7, 8, 9], 4, mode="reflect").tolist()


@pytest.mark.parametrize("samples", [1, 79, 80, 81, 800, 7999, 8000])
def test_the_number_of_steps(samples: int) -> None:
    frontend = LogMel(8000, n_fft=256, hop=80, mels=20)
    assert frontend(torch.zeros(3, samples))[0].shape == (3, 20, samples // 80 + 1)
    assert frontend.steps(samples) == samples // 80 + 1


def test_silence_is_the_floor() -> None:
    found, _ = LogMel(8000, n_fft=256, hop=80, mels=20)(torch.zeros(1, 800))
    torch.testing.assert_close(found, torch.full_like(found, np.log(1e-6)))
    for frontend in (LibrosaMel(), PannsMel()):
        found, _ = frontend(torch.zeros(1, 4000))
        torch.testing.assert_close(found, torch.full_like(found, -100.0))


def test_a_tone_is_in_its_band() -> None:
    frontend = LogMel(16000, n_fft=1024, hop=160, mels=64)
    centres = librosa.mel_frequencies(66, fmin=0, fmax=8000, htk=True)[1:-1]
    for frequency in (200, 1000, 5000):
        tone = np.sin(2 * np.pi * frequency * np.arange(16000) / 16000).astype(np.float32)
        assert maps(frontend, tone)[:, 50].argmax() == np.abs(centres - frequency).argmin()


def test_a_longer_clip_does_not_change_the_middle_of_a_shorter_one(sound) -> None:
    frontend, x = LogMel(8000, n_fft=256, hop=80, mels=20), sound(8000)
    np.testing.assert_allclose(maps(frontend, x[:4000])[:, 2:-2], maps(frontend, x)[:, 2:49], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("n_fft", "count"), [(400, 4), (512, 1)])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mel_bands_without_a_bin_are_refused_by_number(n_fft: int, count: int) -> None:
    filters = librosa.filters.mel(sr=16000, n_fft=n_fft, n_mels=128, fmin=0, fmax=8000, htk=True, norm=None)
    empty = np.flatnonzero(filters.sum(1) == 0).tolist()
    assert len(empty) == count
    with pytest.raises(ValueError, match="have no bin of a spectrum") as refused:
        LogMel(16000, n_fft=n_fft, mels=128)
    assert str(refused.value).startswith(
        f"mel bands {empty} of 128 have no bin of a spectrum of n_fft={n_fft} at 16000 Hz"
    )


def test_a_window_that_fills_every_band_is_taken() -> None:
    assert LogMel(16000, n_fft=1024, mels=128)(torch.zeros(1, 1600))[0].shape == (1, 128, 11)


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, None), (0.0, 8001.0), (4000.0, 4000.0), (5000.0, 4000.0), (8000.0, None)]
)
def test_frequencies_that_do_not_exist_are_refused(low: float, high: float | None) -> None:
    with pytest.raises(ValueError, match=r"frequencies must lie in 0 <= f_min < f_max <= 8000\.0 Hz"):
        LogMel(16000, f_min=low, f_max=high)


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.net\.mel_scale must be htk or slaney, not 'mel'"):
        LogMel(16000, mel_scale="mel")


@pytest.mark.parametrize("other", [{"n_fft": 1}, {"hop": 0}, {"mels": 0}])
def test_sizes_that_do_not_exist_are_refused(other: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"modality\.net\.n_fft, hop and mels must be at least 2, 1 and 1: "):
        LogMel(16000, **other)


def test_keys_of_the_default_front_end() -> None:
    """They stand in the net files of every run."""
    assert set(LogMel(8000).state_dict()) == {"spectrogram.spectrogram.window", "spectrogram.mel_scale.fb"}
