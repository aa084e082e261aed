"""How many steps a front-end makes of a sound, told without the front-end itself, and so without torch."""

from dataclasses import dataclass
from typing import Any

from modalities.audio.options import Data, Net
from vggx.options import given

WINDOW = 400  # samples, 25 ms at 16 kHz: of the front-ends whose windows lie wholly in the clip
# the settings of the published front-ends, which take no others
PUBLISHED: dict[str, dict[str, Any]] = {
    "vggish": {
        "sample_rate": 16000, "n_fft": 512, "hop": 160, "mels": 64, "f_min": 125.0, "f_max": 7500.0, "mel_scale": "htk",
    },
    "panns": {
        "sample_rate": 32000, "n_fft": 1024, "hop": 320, "mels": 64, "f_min": 50.0, "f_max": 14000.0,
        "mel_scale": "slaney",
    },
    "ast": {
        "sample_rate": 16000, "n_fft": 512, "hop": 160, "mels": 128, "f_min": 20.0, "f_max": 8000.0, "mel_scale": "htk",
    },
    "librosa": {
        "sample_rate": 22050, "n_fft": 2048, "hop": 512, "mels": 128, "f_min": 0.0, "f_max": 11025.0,
        "mel_scale": "slaney",
    },
}  # fmt: skip
FRAMED = ("vggish", "ast")
NAMES = ("logmel", *PUBLISHED)


@dataclass(frozen=True)
class Framing:
    """Windows of one size, every `hop` samples; T = (samples + 2 pad - size) // hop + 1.

    Attributes:
        size, hop: of a window and from one to the next, samples.
        pad: samples that stand before and behind every clip.
    """

    size: int
    hop: int
    pad: int

    def steps(self, samples: int) -> int:
        """T of a clip of so many samples; a shorter one than a step takes is followed by silence."""
        return (max(samples, self.samples(1)) + 2 * self.pad - self.size) // self.hop + 1

    def samples(self, steps: int) -> int:
        """The fewest samples that give so many steps."""
        return max(1, (steps - 1) * self.hop + self.size - 2 * self.pad)


def framing_of(name: str, n_fft: int, hop: int) -> Framing:
    return Framing(WINDOW, hop, 0) if name in FRAMED else Framing(n_fft, hop, n_fft // 2)


def settings(options: Net, data: Data) -> dict[str, Any]:
    """The settings of the front-end that options ask for: sample_rate, n_fft, hop, mels, and what else is set.

    Raises:
        ValueError: an unknown front-end, or as `check_settings`.
    """
    found: dict[str, Any] = {name: given(getattr(options, name), name) for name in ("n_fft", "hop", "mels")}
    free = {name: getattr(options, name) for name in ("f_min", "f_max", "mel_scale")}
    found |= {name: value for name, value in free.items() if value is not None}
    found["sample_rate"] = given(data.sample_rate, "sample_rate")
    check_settings(options.frontend, found)
    return found


def check_settings(name: str, asked_for: dict[str, Any]) -> None:
    """
    Raises:
        ValueError: an unknown front-end, a setting that the published one has otherwise, or one that does not exist.
    """
    if name not in NAMES:
        raise ValueError(f"modality.net.frontend must be one of {', '.join(NAMES)}, not {name!r}")
    for key, value in PUBLISHED.get(name, {}).items():
        if asked_for.get(key, value) != value:
            raise ValueError(
                f"modality.net.frontend={name} fixes {key}={value}, got {asked_for[key]}: leave {key} out, or take "
                "frontend=logmel, which is free"
            )
    if name in PUBLISHED:
        return
    n_fft, hop, mels = (asked_for.get(key, 2) for key in ("n_fft", "hop", "mels"))
    if n_fft < 2 or hop < 1 or mels < 1:
        raise ValueError(f"modality.net.n_fft, hop and mels must be at least 2, 1 and 1: {n_fft}, {hop}, {mels}")


def framing(options: Net, data: Data) -> Framing:
    """
    Raises:
        ValueError: as `settings`.
    """
    found = settings(options, data)
    return framing_of(options.frontend, found["n_fft"], found["hop"])
