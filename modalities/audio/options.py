"""What can be set for audio: `modality.net.*` and `modality.data.*`; plain data, no torch."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from vggx.options import DataOptions, NetOptions, given


@dataclass(kw_only=True)
class Data(DataOptions):
    """Clips of one rate and one channel. What changes a clip in training is off where unset, 0 or [].

    Attributes:
        sample_rate: Hz; a file at another rate is resampled.
        seconds: greatest length of a clip; a shorter file is taken at its own.
        clips: clips per file in evaluation, evenly spread.
        channels: of a file with several: mix (their mean) or mono (it is a bad file).
        max_seconds: a file that is longer by its header is a bad file.
        time_shift: greatest shift either way, seconds; silence moves in, over half of the clip at most.
        gain_db: greatest change of level either way, dB.
        noise_snr: least and greatest ratio of the clip to white noise that is added, dB.
        time_stretch: least and greatest speed; 2 halves the length, the pitch stays.
        pitch_shift: greatest change of pitch either way, semitones; the length stays.
        frequency_mask, time_mask: SpecAugment's greatest widths of a mask, bands and steps of the net's input.
        masks: how many of each.
        cache_maps: hand out the front-end's maps in the place of waveforms, made once and kept in the cache folder.
    """

    sample_rate: int | None = None
    seconds: float | None = None
    clips: int = 1
    channels: str = "mix"
    max_seconds: float = 86_400.0
    time_shift: float | None = None
    gain_db: float | None = None
    noise_snr: list[float] | None = None
    time_stretch: list[float] | None = None
    pitch_shift: float | None = None
    frequency_mask: int | None = None
    time_mask: int | None = None
    masks: int = 2
    cache_maps: bool = False

    PREPROCESSING: ClassVar[tuple[str, ...]] = ("sample_rate", "seconds", "clips", "channels")
    VIEWS: ClassVar[tuple[str, ...]] = ("clips",)
    DTYPE: ClassVar[str] = "float32"
    LASTS: ClassVar[bool] = True
    GROWS: ClassVar[dict[str, tuple[int, ...]]] = {"seconds": (0,)}

    def input_shape(self) -> tuple[int, ...]:
        """Of a waveform, also where `cache_maps` hands out maps."""
        return (round(given(self.sample_rate, "sample_rate") * given(self.seconds, "seconds")),)

    def meaning(self, fps: float) -> str:
        return f"{self.seconds:g} s at {self.sample_rate:,} Hz"

    def duration(self, fps: float) -> float:
        return given(self.seconds, "seconds")

    def views(self) -> int | None:
        if self.clips < 1:
            raise ValueError(f"modality.data.clips must be 1 or more, got {self.clips}")
        return self.clips

    def contract(self) -> dict[str, Any]:
        values = f"mono waveform at {self.sample_rate} Hz, floats -1..1; a shorter clip at its own length"
        return {"shape": list(self.input_shape()), "axes": ["samples"], "values": values}


@dataclass(kw_only=True)
class Net(NetOptions):
    """A front-end and a VGG in dims 1, along time.

    Attributes:
        frequency: channels (mel bands are the net's input channels) or pooled (bands are averaged to `bands`, and each
            goes through the same net with one channel; the head averages over bands and time).
        bands: F', the bands that `pooled` keeps.
        time_pools: what each block's pool does to time. Where unset: 2 in every block, or with `pooled` as many 2s
            as bring the number of steps nearest to `bands`.
        frontend: logmel (the settings below are free), or a published one with settings of its own: vggish, panns, ast
            or librosa, which sets data.sample_rate too.
        n_fft, hop: window and step of the spectrogram, samples.
        mels: number of mel bands.
        f_min, f_max: lowest and highest frequency, Hz; 0 and half the sample rate where unset.
        mel_scale: htk, also where unset, or slaney (which also normalises the filters by their width, as librosa does).
        floor_db: nothing of a clip lies lower than so many dB below its own loudest cell; unset for no floor.
        subtract_mean: each band's mean over the clip is taken from it, after the floor.
    """

    frequency: str = "channels"
    bands: int | None = None
    time_pools: list[int] | None = None
    frontend: str = "logmel"
    n_fft: int | None = None
    hop: int | None = None
    mels: int | None = None
    f_min: float | None = None
    f_max: float | None = None
    mel_scale: str | None = None
    floor_db: float | None = None
    subtract_mean: bool = False

    DIMS: ClassVar[int] = 1
    PIXELS: ClassVar[bool] = False

    def frontend_flops(self, input_shape: tuple[int, ...]) -> int:
        """Of every step's mel product, a dense one, and real FFT, 5/2 n log2 n as it is usually reckoned."""
        n_fft = given(self.n_fft, "n_fft")
        mel = 2 * given(self.mels, "mels") * (n_fft // 2 + 1)
        return input_shape[1] * (mel + round(2.5 * n_fft * math.log2(n_fft)))

    def rows(self) -> int:
        return given(self.bands, "bands") if self.frequency == "pooled" else 1
