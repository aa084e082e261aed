"""(N, samples) -> (N, mels, T): whole windows of 25 ms from the first sample on, bands that are triangles in mel."""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F
from torchaudio.compliance.kaldi import get_mel_banks

from modalities.audio.framing import PUBLISHED, WINDOW
from modalities.audio.frontend.frontend import Frontend, power

# (mels, n_fft, rate, f_min, f_max) -> (n_fft // 2 + 1, mels)
Triangles = Callable[[int, int, float, float, float], Tensor]


class FramedMel(Frontend):
    """Spectra of windows that lie wholly in the clip, in mel bands; how they are made and scaled is a subclass's.

    Args:
        periodic: the Hann window is one of a spectrum, else symmetric.
        triangles: makes the bands.
        least: the fewest steps that a clip gives.
    """

    bank: Tensor

    def __init__(self, *, periodic: bool, triangles: Triangles, least: int):
        own = self.PUBLISHED
        super().__init__(WINDOW, own["hop"], mels=own["mels"], pad=0, least=least)
        self.periodic = periodic
        bank = triangles(own["mels"], own["n_fft"], own["sample_rate"], own["f_min"], own["f_max"])
        self.register_buffer("bank", bank.float())

    def spectrum(self, frames: Tensor) -> Tensor:
        """(N, T, size) -> (N, T, n_fft // 2 + 1) complex"""
        window = torch.hann_window(self.size, periodic=self.periodic, dtype=frames.dtype, device=frames.device)
        return torch.fft.rfft(frames * window, self.PUBLISHED["n_fft"])

    def maps(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.bands(x.unfold(1, self.size, self.hop)).transpose(1, 2)

    @abstractmethod
    def bands(self, frames: Tensor) -> Tensor:
        """(N, T, size) -> (N, T, mels), the logarithm of what is in each band."""


class VggishMel(FramedMel):
    """ln(magnitude + 0.01), as VGGish takes it (Hershey et al., "CNN Architectures for Large-Scale Audio
    Classification", section 3.1, and the code published with AudioSet).
    """

    PUBLISHED: ClassVar[dict[str, Any]] = PUBLISHED["vggish"]
    DECIBEL = math.log(10) / 20  # of a magnitude

    def __init__(self, *, least: int = 1):
        super().__init__(periodic=True, triangles=exact_triangles, least=least)

    def bands(self, frames: Tensor) -> Tensor:
        return torch.log(self.spectrum(frames).abs() @ self.bank.to(frames.dtype) + 0.01)


class AstMel(FramedMel):
    """The filter bank of AST (Gong et al., "AST: Audio Spectrogram Transformer"): torchaudio.compliance.kaldi.fbank(
    htk_compat=True, use_energy=False, window_type="hanning", num_mel_bins=128, dither=0, frame_shift=10).

    Band 3 has no bin of the spectrum and is constant, as it is there.
    """

    PUBLISHED: ClassVar[dict[str, Any]] = PUBLISHED["ast"]
    DECIBEL = math.log(10) / 10

    def __init__(self, *, least: int = 1):
        super().__init__(periodic=False, triangles=kaldi_triangles, least=least)

    def bands(self, frames: Tensor) -> Tensor:
        # AST takes the clip's mean away before; where every window's own goes, that leaves nothing to do
        frames = frames - frames.mean(2, keepdim=True)
        # pre-emphasis within each window, whose first sample stands for the one before it
        frames = frames - 0.97 * torch.cat([frames[..., :1], frames[..., :-1]], 2)
        mel = power(self.spectrum(frames)) @ self.bank.to(frames.dtype)
        return torch.log(mel.clamp(min=torch.finfo(torch.float32).eps))


def exact_triangles(mels: int, n_fft: int, rate: float, f_min: float, f_max: float) -> Tensor:
    """VGGish's bands; torchaudio's of the same numbers, made in float32, are 1e-5 off."""

    def mel(hertz: Tensor) -> Tensor:
        return 1127 * torch.log1p(hertz / 700)

    bins = mel(torch.linspace(0, rate / 2, n_fft // 2 + 1, dtype=torch.float64))[:, None]
    low, high = mel(torch.tensor([f_min, f_max], dtype=torch.float64)).tolist()
    edges = torch.linspace(low, high, mels + 2, dtype=torch.float64)
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return torch.minimum(rise, fall).clamp(min=0)


def kaldi_triangles(mels: int, n_fft: int, rate: float, f_min: float, f_max: float) -> Tensor:
    """AST's bands, torchaudio's to the last bit; the last three numbers are of a warp of 1, which is none."""
    bank, _ = get_mel_banks(mels, n_fft, float(rate), f_min, f_max, 100.0, -500.0, 1.0)
    return F.pad(bank, (0, 1)).T
