"""modalities.audio.frontend: the log-mel spectrogram against librosa's."""

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from modalities.audio.frontend import FLOOR, LogMel


def sound(rate: int, seconds: float = 1.0) -> np.ndarray:
    """(samples,) a chirp through all frequencies, with noise."""
    t = np.arange(round(rate * seconds)) / rate
    chirp = 0.5 * np.sin(2 * np.pi * (50 * t + 0.24 * rate / seconds * t**2))
    return (chirp + 0.05 * np.random.default_rng(0).normal(size=len(t))).astype(np.float32)


def by_librosa(
    x: np.ndarray, rate: int, n_fft: int, hop: int, mels: int, low: float, high: float, scale: str
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


@pytest.mark.parametrize("scale", ["htk", "slaney"])
@pytest.mark.parametrize(
    ("rate", "n_fft", "hop", "mels", "low", "high"),
    [
        (16000, 1024, 160, 64, 0.0, None),
        (8000, 256, 80, 40, 0.0, None),
        (22050, 2048, 512, 128, 0.0, None),
        (16000, 512, 160, 40, 125.0, 7500.0),
        (11025, 512, 128, 32, 0.0, None),  # half of an odd rate is no whole number of Hz
    ],
)
def test_it_equals_librosas(
    rate: int, n_fft: int, hop: int, mels: int, low: float, high: float | None, scale: str
) -> None:
    x = sound(rate)
    frontend = LogMel(rate, n_fft=n_fft, hop=hop, mels=mels, f_min=low, f_max=high, mel_scale=scale)
    found = frontend(torch.from_numpy(x)[None])[0].numpy()
    expected = by_librosa(x, rate, n_fft, hop, mels, low, rate / 2 if high is None else high, scale)
    assert found.shape == expected.shape == (mels, len(x) // hop + 1)
    assert np.abs(found - expected).max() <= 1e-4


@pytest.mark.parametrize("samples", [1, 79, 80, 81, 800, 7999, 8000])
def test_the_number_of_steps(samples: int) -> None:
    frontend = LogMel(8000, n_fft=256, hop=80, mels=20)
    assert frontend(torch.zeros(3, samples)).shape == (3, 20, samples // 80 + 1)


def test_silence_is_the_floor() -> None:
    found = LogMel(8000, n_fft=256, hop=80, mels=20)(torch.zeros(1, 800))
    torch.testing.assert_close(found, torch.full_like(found, np.log(1e-6)))


def test_a_tone_is_in_its_band() -> None:
    frontend = LogMel(16000, n_fft=1024, hop=160, mels=64)
    centres = librosa.mel_frequencies(66, fmin=0, fmax=8000, htk=True)[1:-1]
    for frequency in (200, 1000, 5000):
        tone = torch.sin(2 * torch.pi * frequency * torch.arange(16000) / 16000)
        band = frontend(tone[None])[0, :, 50].argmax()
        assert band == np.abs(centres - frequency).argmin()


def test_a_longer_clip_does_not_change_the_middle_of_a_shorter_one() -> None:
    frontend, x = LogMel(8000, n_fft=256, hop=80, mels=20), torch.from_numpy(sound(8000))[None]
    torch.testing.assert_close(frontend(x[:, :4000])[..., 2:-2], frontend(x)[..., 2:49], rtol=0, atol=1e-5)


def test_samples_of_a_batch_do_not_touch_each_other() -> None:
    frontend = LogMel(8000, n_fft=256, hop=80, mels=20)
    loud, quiet = torch.from_numpy(sound(8000)), 1e-3 * torch.from_numpy(sound(8000)).flip(0)
    batch = frontend(torch.stack([loud, quiet]))
    torch.testing.assert_close(batch[1], frontend(quiet[None])[0])


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_it_stays_in_float32_under_mixed_precision(kind: torch.dtype) -> None:
    """A full-scale tone's power at n_fft 1024 is 65,536, which half precision has not."""
    frontend = LogMel(16000, n_fft=1024, hop=160, mels=64)
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(16000) / 16000)[None]
    plain = frontend(tone)
    with torch.autocast("cpu", dtype=kind):
        mixed = frontend(tone)
        lower = frontend(tone.to(kind))  # an input that is already lower is raised first
    assert mixed.dtype == lower.dtype == torch.float32
    assert torch.equal(mixed, plain)
    assert torch.isfinite(lower).all()


def test_it_passes_gradients_to_the_waveform() -> None:
    x = torch.from_numpy(sound(8000))[None].requires_grad_()
    LogMel(8000, n_fft=256, hop=80, mels=20)(x).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0


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
    assert LogMel(16000, n_fft=1024, mels=128)(torch.zeros(1, 1600)).shape == (1, 128, 11)


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, None), (0.0, 8001.0), (4000.0, 4000.0), (5000.0, 4000.0), (8000.0, None)]
)
def test_frequencies_that_do_not_exist_are_refused(low: float, high: float | None) -> None:
    with pytest.raises(ValueError, match=r"frequencies must lie in 0 <= f_min < f_max <= 8000\.0 Hz"):
        LogMel(16000, f_min=low, f_max=high)


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.net\.mel_scale must be htk or slaney, not 'mel'"):
        LogMel(16000, mel_scale="mel")


def test_its_settings_are_no_weights() -> None:
    frontend = LogMel(8000, n_fft=256, hop=80, mels=20)
    assert list(frontend.parameters()) == []
    found: Tensor = frontend(torch.zeros(1, 800))
    assert not found.requires_grad
