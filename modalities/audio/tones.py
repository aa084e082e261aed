"""folder -> folder/{train,val,test}/{class}/NNNN.wav: ten classes of sound told apart by how they evolve.

Every file is one harmonic voice, and a class is a gesture of that voice: a curve of pitch and a curve of
level over time. Pitch, timbre, loudness, onset, length and background noise are drawn for each file, alike
for all classes, so that a moment or an average over time says little of the class.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Curve = npt.NDArray[np.float64]
# (n,) seconds -> (n,) pitch as a ratio, (n,) level at most 1
Gesture = Callable[[Curve, np.random.Generator], tuple[Curve, Curve]]

RATE = 8000  # Hz
LENGTH = 8000  # samples: one second
FILES = {"train": 60, "val": 20, "test": 20}  # per class
HARMONICS = 10
SEED = 14


def up_chirp(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """A glide upwards, by one and a half to two and a half octaves, at a constant level."""
    octaves = rng.uniform(1.5, 2.5)
    return 2 ** (octaves * (t / t[-1] - 0.5)), np.ones_like(t)


def down_chirp(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """The same glide downwards.

    A band can tell the two apart: the upper, weaker harmonics of a rising voice cross it before the lower,
    stronger ones, so it swells and stops; under a falling voice it starts at once and fades.
    """
    pitch, level = up_chirp(t, rng)
    return pitch[::-1], level


def decay(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """A struck note: loud at once, then 20 to 40 dB down to its end."""
    return np.ones_like(t), 10 ** (-rng.uniform(1.0, 2.0) * t / t[-1])


def swell(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """A struck note played backwards."""
    pitch, level = decay(t, rng)
    return pitch, level[::-1]


def tremolo(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """One pitch, its level waving 6 to 10 times a second."""
    depth = rng.uniform(0.8, 0.95)
    return np.ones_like(t), 1 - depth * (0.5 + 0.5 * _wave(t, rng))


def vibrato(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """One level, its pitch waving 6 to 10 times a second by two to three semitones either way."""
    semitones = rng.uniform(2.0, 3.0)
    return 2 ** (semitones / 12 * _wave(t, rng)), np.ones_like(t)


def pulses(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """Equal short strokes, 7 to 12 a second."""
    return np.ones_like(t), _strokes(t, np.arange(0, t[-1], 1 / rng.uniform(7, 12)))


def bounce(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """A dropped ball: every gap between strokes, and every stroke, is a constant part of the one before."""
    kept = rng.uniform(0.72, 0.8)
    gaps = (1 - kept) * t[-1] * kept ** np.arange(12)  # sums to just under the whole length
    return np.ones_like(t), _strokes(t, np.cumsum(gaps) - gaps, kept)


def steps(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """A scale: four or five held notes, each three to five semitones above the one before."""
    notes, semitones = rng.integers(4, 6), rng.integers(3, 6)
    note = np.floor(notes * t / (t[-1] + 1 / RATE))
    return 2 ** (semitones / 12 * (note - (notes - 1) / 2)), np.ones_like(t)


def two_tone(t: Curve, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """Two notes, seven to eleven semitones apart, in turn, 9 to 13 notes a second."""
    semitones, speed = rng.integers(7, 12), rng.uniform(9, 13)
    upper = np.floor(speed * t) % 2 == rng.integers(2)
    return 2 ** (semitones / 12 * (upper - 0.5)), np.ones_like(t)


GESTURES: dict[str, Gesture] = {
    "up_chirp": up_chirp,
    "down_chirp": down_chirp,
    "decay": decay,
    "swell": swell,
    "tremolo": tremolo,
    "vibrato": vibrato,
    "pulses": pulses,
    "bounce": bounce,
    "steps": steps,
    "two_tone": two_tone,
}


def write(folder: Path) -> None:
    """Write 1000 files of one second into `folder`, made if need be: 16-bit mono WAV, 8 kHz, fixed bytes."""
    for part, (split, files) in enumerate(FILES.items()):
        for label, (name, gesture) in enumerate(GESTURES.items()):
            (folder / split / name).mkdir(parents=True, exist_ok=True)
            for number in range(files):
                rng = np.random.default_rng((SEED, part, label, number))  # each file stands alone
                path = folder / split / name / f"{number:04d}.wav"
                soundfile.write(path, record(gesture, rng), RATE, subtype="PCM_16")


def record(gesture: Gesture, rng: np.random.Generator) -> Curve:
    """(LENGTH,) samples within -1..1: the gesture at a random onset, 10 to 30 dB above white noise.

    The ratio is of mean powers, the voice's over its own length; the peak of the sum is 20 to 1 dB below full
    scale.
    """
    length = int(rng.uniform(0.6, 0.85) * LENGTH)
    onset = rng.integers(LENGTH - length)
    voice = sing(*gesture(np.arange(length) / RATE, rng), rng)
    noise = voice.std() * 10 ** (-rng.uniform(10, 30) / 20)
    sound = rng.normal(0, noise, LENGTH)
    sound[onset : onset + length] += voice
    peak: float = 10 ** (-rng.uniform(1, 20) / 20)
    return sound * (peak / np.abs(sound).max())


def sing(pitch: Curve, level: Curve, rng: np.random.Generator) -> Curve:
    """(n,) pitch as a ratio and (n,) level -> (n,) a voice around 150 to 600 Hz, of random timbre."""
    frequency = 150 * 4 ** rng.uniform() * pitch
    turn = np.exp(2j * np.pi * np.cumsum(frequency) / RATE)  # the fundamental; its powers are the harmonics
    tilt = rng.uniform(1.0, 2.0)
    harmonic, voice = np.ones_like(turn), np.zeros_like(pitch)
    for k in range(1, HARMONICS + 1):
        harmonic *= turn
        weight = np.exp(2j * np.pi * rng.uniform()) / k**tilt
        voice += (k * frequency < 0.48 * RATE) * (weight * harmonic).real  # what lies above would fold back
    edge = np.minimum(np.arange(1, len(pitch) + 1) / (0.005 * RATE), 1)  # 5 ms: no click at either end
    return voice * level * edge * edge[::-1]


def _wave(t: Curve, rng: np.random.Generator) -> Curve:
    """(n,) a sine of 6 to 10 Hz and any phase."""
    return np.sin(2 * np.pi * (rng.uniform(6, 10) * t + rng.uniform()))


def _strokes(t: Curve, starts: Curve, kept: float = 1.0) -> Curve:
    """(n,) level: at each start a stroke that dies away in 15 ms, `kept` times as loud as the one before."""
    age = t[:, None] - starts
    return np.where(age >= 0, kept ** np.arange(len(starts)) * np.exp(-age / 0.015), 0).max(1)
