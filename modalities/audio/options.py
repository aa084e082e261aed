"""What can be set for audio: `modality.net.*` and `modality.data.*`; plain data, no torch."""

from dataclasses import dataclass
from typing import Any, ClassVar

from vggx.options import DataOptions, NetOptions, given


@dataclass(kw_only=True)
class Data(DataOptions):
    """Clips of one length and rate, one channel.

    Attributes:
        sample_rate: Hz; a file at another rate is resampled.
        seconds: length of a clip; a shorter file is padded with silence.
        clips: clips per file in evaluation, evenly spread.
    """

    sample_rate: int | None = None
    seconds: float | None = None
    clips: int = 1

    PREPROCESSING: ClassVar[tuple[str, ...]] = ("sample_rate", "seconds", "clips")

    def input_shape(self) -> tuple[int, ...]:
        return (round(given(self.sample_rate, "sample_rate") * given(self.seconds, "seconds")),)

    def contract(self) -> dict[str, Any]:
        values = f"mono waveform at {self.sample_rate} Hz, floats -1..1"
        return {"shape": list(self.input_shape()), "axes": ["samples"], "values": values}


@dataclass(kw_only=True)
class Net(NetOptions):
    """A log-mel front-end and a VGG in dims 1, along time.

    Attributes:
        frequency: channels (mel bands are the net's input channels) or pooled (bands are averaged to `bands`, and each
            goes through the same net with one channel; the head averages over bands and time).
        bands: F', the bands that `pooled` keeps.
        time_pools: what each block's pool does to time. Where unset: 2 in every block, or with `pooled` as many 2s
            as bring the number of steps nearest to `bands`.
        n_fft, hop: window and step of the spectrogram, samples.
        mels: number of mel bands.
        f_min, f_max: lowest and highest frequency, Hz; half the sample rate where f_max is unset.
        mel_scale: htk or slaney (which also normalises the filters by their width, as librosa does).
    """

    frequency: str = "channels"
    bands: int | None = None
    time_pools: list[int] | None = None
    n_fft: int | None = None
    hop: int | None = None
    mels: int | None = None
    f_min: float = 0.0
    f_max: float | None = None
    mel_scale: str = "htk"

    def rows(self) -> int:
        return given(self.bands, "bands") if self.frequency == "pooled" else 1
