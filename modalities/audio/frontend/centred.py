"""(N, samples) -> (N, mels, T): windows centred as librosa centres them, and its mel filters."""

import math
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from librosa import filters
from torch import Tensor
from torch.nn import functional as F
from torchaudio.transforms import MelSpectrogram

from modalities.audio.framing import PUBLISHED, check_settings
from modalities.audio.frontend.frontend import Frontend, power

# added before the logarithm: about -60 dB of full scale, below the noise of any recording
FLOOR = 1e-6


class CentredMel(Frontend):
    """Power in mel bands, in windows around every hop-th sample; how it is scaled is a subclass's.

    Args:
        sample_rate: Hz.
        n_fft, hop: window and step, samples.
        mels: number of bands.
        f_min, f_max: range of the bands, Hz; None is half the rate.
        mel_scale: "htk", or "slaney" with its normalisation, as librosa's default.
        least: the fewest steps that a clip gives.

    Raises:
        ValueError: settings that leave a band without a bin of the spectrum, or that do not exist.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        n_fft: int = 1024,
        hop: int = 160,
        mels: int = 64,
        f_min: float = 0.0,
        f_max: float | None = None,
        mel_scale: str = "htk",
        least: int = 1,
    ):
        top = sample_rate / 2 if f_max is None else f_max
        check_settings("logmel", {"n_fft": n_fft, "hop": hop, "mels": mels})
        if mel_scale not in ("htk", "slaney"):
            raise ValueError(f"modality.net.mel_scale must be htk or slaney, not {mel_scale!r}")
        if not 0 <= f_min < top <= sample_rate / 2:
            raise ValueError(f"frequencies must lie in 0 <= f_min < f_max <= {sample_rate / 2} Hz: {f_min}, {top}")
        super().__init__(n_fft, hop, mels=mels, pad=n_fft // 2, least=least)
        # keeps the filters under torchaudio's names, as they stand in every net file
        self.spectrogram = MelSpectrogram(sample_rate, n_fft=n_fft, hop_length=hop, n_mels=mels, f_min=f_min, f_max=top)
        # torchaudio's own are computed in float32, and are off where the rate or n_fft is odd
        self.spectrogram.mel_scale.fb = librosa_filters(sample_rate, n_fft, mels, f_min, top, mel_scale)
        empty = (self.spectrogram.mel_scale.fb.sum(0) == 0).nonzero().flatten().tolist()
        if empty:
            raise ValueError(
                f"mel bands {empty} of {mels} have no bin of a spectrum of n_fft={n_fft} at {sample_rate} Hz: "
                "take fewer mels or a larger n_fft"
            )

    def maps(self, x: Tensor, lengths: Tensor) -> Tensor:
        # not torchaudio's window, which is kept in float32: rounded, it leaks into bands far below a loud tone
        window = torch.hann_window(self.size, dtype=x.dtype, device=x.device)
        x = self.ends(x, lengths)
        spectrum = torch.stft(x, self.size, self.hop, window=window, center=False, return_complex=True)
        return self.scaled(self.spectrogram.mel_scale.fb.T.to(x.dtype) @ power(spectrum))

    def ends(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(N, samples) -> (N, samples + 2 pad): silence before and behind, so that a longer clip changes no middle."""
        return F.pad(x, (self.pad, self.pad))

    @abstractmethod
    def scaled(self, mel: Tensor) -> Tensor:
        """Power in mel bands -> its logarithm."""


class LogMel(CentredMel):
    """ln(power + 1e-6), with all settings free."""

    DECIBEL = math.log(10) / 10

    def scaled(self, mel: Tensor) -> Tensor:
        return torch.log(mel + FLOOR)


class LibrosaMel(CentredMel):
    """librosa.feature.melspectrogram and power_to_db(ref=1, amin=1e-10, top_db=None), with librosa's defaults."""

    PUBLISHED: ClassVar[dict[str, Any]] = PUBLISHED["librosa"]
    DECIBEL = 1.0

    def __init__(self, *, least: int = 1):
        super().__init__(**self.PUBLISHED, least=least)

    def scaled(self, mel: Tensor) -> Tensor:
        return 10 * torch.log10(mel.clamp(min=1e-10))


class PannsMel(LibrosaMel):
    """The front-end of PANNs (Kong et al., "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern
    Recognition", and its code): every clip mirrored at its ends.
    """

    PUBLISHED: ClassVar[dict[str, Any]] = PUBLISHED["panns"]

    def ends(self, x: Tensor, lengths: Tensor) -> Tensor:
        return reflected(x, lengths, self.pad)


def reflected(x: Tensor, lengths: Tensor, pad: int) -> Tensor:
    """(N, samples) -> (N, samples + 2 pad): each clip mirrored at its own two ends, as often as its length asks."""
    place = torch.arange(-pad, x.shape[1] + pad, device=x.device)
    period = (2 * lengths[:, None] - 2).clamp(min=1)
    place = place % period
    return x.gather(1, torch.minimum(place, period - place))


def librosa_filters(rate: int, n_fft: int, mels: int, f_min: float, f_max: float, scale: str) -> Tensor:
    """(n_fft // 2 + 1, mels)"""
    norm: Any = "slaney" if scale == "slaney" else None
    made = {"n_fft": n_fft, "n_mels": mels, "htk": scale == "htk", "norm": norm, "dtype": np.float64}
    return torch.from_numpy(filters.mel(sr=rate, fmin=f_min, fmax=f_max, **made).T).float()
