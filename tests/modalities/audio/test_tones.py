"""The synthetic sounds: well-formed files, the same each time, whose classes evolve as they are named."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from modalities.audio import tones

Array = npt.NDArray[np.float64]
Waves = dict[tuple[str, str], Array]  # (split, class) -> (files, samples)
FRAME, HOP = 256, 40  # samples: 31 Hz, 5 ms


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tones")
    tones.write(path)
    return path


@pytest.fixture(scope="module")
def waves(folder: Path) -> Waves:
    return {
        (split, name): np.stack([soundfile.read(wav)[0] for wav in sorted(folder.glob(f"{split}/{name}/*"))])
        for split in tones.FILES
        for name in tones.GESTURES
    }


def spectrogram(wave: Array) -> Array:
    """(..., samples) -> (..., frames, bins) power."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, FRAME, axis=-1)[..., ::HOP, :]
    return np.abs(np.fft.rfft(frames * np.hanning(FRAME))) ** 2


def envelope(wave: Array) -> Array:
    """(..., samples) -> (..., frames) the root mean square of every 5 ms, at most 1."""
    rms = np.sqrt((wave.reshape(*wave.shape[:-1], -1, HOP) ** 2).mean(-1))
    return rms / rms.max(-1, keepdims=True)


def sounding(wave: Array) -> Array:
    """The part of a (samples,) wave from its first to its last 5 ms louder than the noise can be."""
    loud = np.flatnonzero(envelope(wave) > 0.45)
    return wave[loud[0] * HOP : (loud[-1] + 1) * HOP]


def melody(wave: Array) -> Array:
    """(samples,) -> (frames,) the loudest frequency, in octaves above 31 Hz, where the wave sounds."""
    return np.log2(np.maximum(spectrogram(sounding(wave)).argmax(-1), 1))


def climb(wave: Array) -> float:
    """Octaves from the first to the last quarter of the melody."""
    octaves = melody(wave)
    quarter = max(len(octaves) // 4, 1)
    return float(np.median(octaves[-quarter:]) - np.median(octaves[:quarter]))


def strokes(wave: Array) -> Array:
    """Seconds at which the envelope rises through 0.3 after 20 ms below it."""
    loud = np.flatnonzero(envelope(wave) > 0.3)
    return loud[np.diff(loud, prepend=-99) > 4] * HOP / tones.RATE


def wobble(curve: Array) -> float:
    """The strongest frequency of a curve of 5 ms frames, in Hz."""
    size = 4096
    power = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve)), size))
    return float(power.argmax() / size * tones.RATE / HOP)


def test_every_class_has_its_files(folder: Path) -> None:
    assert len(tones.GESTURES) == 10
    assert sorted(path.name for path in folder.iterdir()) == sorted(tones.FILES)
    for split, files in tones.FILES.items():
        assert sorted(path.name for path in (folder / split).iterdir()) == sorted(tones.GESTURES)
        for name in tones.GESTURES:
            found = sorted(path.name for path in (folder / split / name).iterdir())
            assert found == [f"{number:04d}.wav" for number in range(files)]


def test_format(folder: Path) -> None:
    for path in folder.rglob("*.wav"):
        info = soundfile.info(path)
        assert (info.format, info.subtype) == ("WAV", "PCM_16")
        assert (info.samplerate, info.channels, info.frames) == (8000, 1, 8000)


def test_neither_silent_nor_clipped(waves: Waves) -> None:
    for wave in waves.values():
        peak = np.abs(wave).max(-1)
        assert np.isfinite(wave).all()
        assert peak.min() > 0.099  # -20 dB
        assert peak.max() < 0.892  # -1 dB


def test_same_bytes_each_time(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller set is the beginning of the whole one: no file depends on those before it."""
    monkeypatch.setattr(tones, "FILES", {"train": 2, "val": 1, "test": 1})
    tones.write(tmp_path)
    again = sorted(tmp_path.rglob("*.wav"))
    assert len(again) == 40
    for path in again:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_no_sound_twice(folder: Path) -> None:
    paths = list(folder.rglob("*.wav"))
    assert len({path.read_bytes() for path in paths}) == len(paths)


@pytest.mark.parametrize("name", tones.GESTURES)
def test_pitch_onset_and_loudness_vary(name: str, waves: Waves) -> None:
    train = waves["train", name]
    pitch = np.array([np.median(melody(wave)) for wave in train])
    onset = (envelope(train) > 0.45).argmax(-1) * HOP / tones.RATE
    peak = 20 * np.log10(np.abs(train).max(-1))
    assert np.ptp(pitch) > 1.3  # octaves
    assert np.ptp(onset) > 0.2  # seconds
    assert np.ptp(peak) > 15  # dB


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("up_chirp", 0.9, 2.1),
        ("steps", 0.6, 1.9),
        ("down_chirp", -2.1, -0.9),
        ("decay", -0.1, 0.1),
        ("swell", -0.1, 0.1),
        ("tremolo", -0.1, 0.1),
        ("pulses", -0.2, 0.2),
    ],
)
def test_pitch_rises_falls_or_stays(name: str, least: float, most: float, waves: Waves) -> None:
    climbs = np.array([climb(wave) for wave in waves["train", name]])
    assert ((climbs > least) & (climbs < most)).mean() > 0.9


def test_energy_is_early_in_decay_and_late_in_swell(waves: Waves) -> None:
    frames = np.arange(tones.LENGTH // HOP)
    for name, sign in {"decay": 1, "swell": -1}.items():
        power = envelope(waves["train", name]) ** 2
        power = power / power.sum(-1, keepdims=True)
        centre = (power * frames).sum(-1, keepdims=True)
        skew = (power * (frames - centre) ** 3).sum(-1)
        assert (sign * skew > 0).mean() > 0.95


def test_level_waves_in_tremolo_and_pitch_in_vibrato(waves: Waves) -> None:
    level = np.array([wobble(envelope(sounding(wave))) for wave in waves["train", "tremolo"]])
    pitch = np.array([wobble(melody(wave)) for wave in waves["train", "vibrato"]])
    for rate in (level, pitch):
        assert ((rate > 5.8) & (rate < 10.2)).mean() > 0.95


def test_strokes_are_even_in_pulses_and_quicken_in_bounce(waves: Waves) -> None:
    for wave in waves["train", "pulses"]:
        gaps = np.diff(strokes(wave))
        assert len(gaps) >= 3
        assert np.ptp(gaps) <= 0.02
    for wave in waves["train", "bounce"]:
        first, second = np.diff(strokes(wave))[:2]
        assert 0.65 < second / first < 0.87  # 0.72 to 0.8, give or take the 5 ms


def test_steps_hold_each_note_and_two_tones_return() -> None:
    t = np.arange(6000) / tones.RATE
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scale, _ = tones.steps(t, rng)
        assert (np.diff(scale) >= 0).all()
        assert len(np.unique(scale)) in (4, 5)
        pair, _ = tones.two_tone(t, rng)
        assert len(np.unique(pair)) == 2
        assert np.count_nonzero(np.diff(pair)) >= 5


def test_no_average_names_the_class(waves: Waves) -> None:
    """A linear classifier of the mean spectrum stays far below what the order in time gives."""

    def seen(split: str) -> tuple[Array, Array]:
        spectra = [np.log(spectrogram(waves[split, name]) + 1e-6).mean(-2) for name in tones.GESTURES]
        labels = np.repeat(np.eye(len(spectra)), [len(part) for part in spectra], axis=0)
        return np.concatenate(spectra), labels

    x, y = seen("train")
    mean, std = x.mean(0), x.std(0)
    x = (x - mean) / std
    weight = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ y)
    x, y = seen("test")
    score = ((x - mean) / std @ weight).argmax(-1) == y.argmax(-1)
    assert score.mean() < 0.5
