"""(N, samples) -> (N, mels, T): torchaudio's log-mel spectrogram, a part of the net, always in float32."""

from typing import Any

import torch
from torch import Tensor, nn
from torchaudio.transforms import MelSpectrogram

# added before the logarithm: about -60 dB of full scale, below the noise of any recording
FLOOR = 1e-6


class LogMel(nn.Module):
    """Log-mel spectrogram with constant (zero) padding, so that a longer clip does not change a shorter one's middle.

    T = samples // hop + 1.

    Args:
        sample_rate: Hz.
        n_fft, hop: window and step, samples.
        mels: number of bands.
        f_min, f_max: range of the bands, Hz; None is half the rate.
        mel_scale: "htk", or "slaney" with its normalisation, as librosa's default.

    Raises:
        ValueError: settings that leave a band without a bin of the spectrum, or frequencies that do not exist.
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
    ):
        super().__init__()
        top = sample_rate / 2 if f_max is None else f_max
        if mel_scale not in ("htk", "slaney"):
            raise ValueError(f"modality.net.mel_scale must be htk or slaney, not {mel_scale!r}")
        if not 0 <= f_min < top <= sample_rate / 2:
            raise ValueError(f"frequencies must lie in 0 <= f_min < f_max <= {sample_rate / 2} Hz: {f_min}, {top}")
        self.spectrogram = MelSpectrogram(
            sample_rate,
            n_fft=n_fft,
            hop_length=hop,
            n_mels=mels,
            f_min=f_min,
            f_max=top,
            mel_scale=mel_scale,
            norm="slaney" if mel_scale == "slaney" else None,
            pad_mode="constant",
        )
        if sample_rate % 2:
            # torchaudio's filters end at rate // 2, and all of them are a little off
            self.spectrogram.mel_scale.fb.copy_(librosa_filters(sample_rate, n_fft, mels, f_min, top, mel_scale))
        empty = (self.spectrogram.mel_scale.fb.sum(0) == 0).nonzero().flatten().tolist()
        if empty:
            raise ValueError(
                f"mel bands {empty} of {mels} have no bin of a spectrum of n_fft={n_fft} at {sample_rate} Hz: "
                "take fewer mels or a larger n_fft"
            )

    def forward(self, x: Tensor) -> Tensor:
        # a full-scale tone's power overflows float16, and the logarithm of small ones is lost in bfloat16
        with torch.autocast(x.device.type, enabled=False):
            return torch.log(self.spectrogram(x.float()) + FLOOR)


def librosa_filters(rate: int, n_fft: int, mels: int, f_min: float, f_max: float, scale: str) -> Tensor:
    """(n_fft // 2 + 1, mels)"""
    from librosa.filters import mel  # half a second to import, and seldom needed

    norm: Any = "slaney" if scale == "slaney" else None
    bank = mel(sr=rate, n_fft=n_fft, n_mels=mels, fmin=f_min, fmax=f_max, htk=scale == "htk", norm=norm)
    return torch.from_numpy(bank.T)
