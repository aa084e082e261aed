"""(N, samples), or maps made before, (N,) -> (N, F, T), (N, T): what all front-ends share, lengths and precision."""

from abc import abstractmethod
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from modalities.audio.framing import Framing
from vggx import nd

Samples = TypeVar("Samples", int, Tensor)


class Frontend(nn.Module):
    """A spectrogram of windows of one size, every `hop` samples; T = (samples + 2 pad - size) // hop + 1.

    A clip's valid steps are what it gives alone, whatever lies beside it in the batch: its ends are its own.

    Args:
        size, hop: of a window and from one to the next, samples.
        mels: F, the bands of its maps.
        pad: samples that a subclass puts before and behind every clip.
        least: the fewest steps that a clip gives; a shorter one is followed by silence, which counts as sound.
    """

    # the settings of a published front-end, which takes no others
    PUBLISHED: ClassVar[dict[str, Any]] = {}
    # what one decibel is in its maps
    DECIBEL: ClassVar[float]

    def __init__(self, size: int, hop: int, *, mels: int, pad: int, least: int):
        super().__init__()
        self.size, self.hop, self.mels, self.pad = size, hop, mels, pad
        self.framing = Framing(size, hop, pad)
        self.shortest = self.samples(least)

    def steps(self, samples: int) -> int:
        """T of a clip of so many samples."""
        return self.count(max(samples, self.shortest))

    def samples(self, steps: int) -> int:
        """The fewest samples that give so many steps."""
        return self.framing.samples(steps)

    def count(self, samples: Samples) -> Samples:
        return (samples + 2 * self.pad - self.size) // self.hop + 1

    @abstractmethod
    def maps(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(N, samples), zero behind each clip's length (N,) -> (N, F, T), its valid steps made of that clip alone.

        x comes in the precision to compute in. Buffers are kept in float32, which every device has, and are cast to it.
        """

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """
        Args:
            x: (N, samples), or maps that it has made before, (N, F, T), which pass as they are.
            lengths: (N,) samples (of maps: steps) of each clip, at most all; what lies behind them is not looked at.
                All where None.

        Returns:
            (N, F, T) float32, and (N, T), which steps are the clip's; None where `lengths` is.

        Raises:
            ValueError: a tensor of another shape, or not one length for each clip.
        """
        made = x.ndim == 3 and x.shape[1] == self.mels
        if not (made or x.ndim == 2) or (lengths is not None and lengths.shape != x.shape[:1]):
            shape = None if lengths is None else tuple(lengths.shape)
            raise ValueError(
                f"a front-end takes (N, samples) and (N,) lengths, got {tuple(x.shape)} and {shape}; "
                f"maps that it has made before are (N, {self.mels}, T)"
            )
        if made:
            return x, None if lengths is None else nd.valid_steps(lengths, x.shape[2])
        own = torch.full_like(x[:, 0], x.shape[1], dtype=torch.int64) if lengths is None else lengths
        x = x.masked_fill(torch.arange(x.shape[1], device=x.device) >= own[:, None], 0)
        x, own = F.pad(x, (0, max(0, self.shortest - x.shape[1]))), own.clamp(min=self.shortest)
        # a full-scale tone's power overflows float16, and the logarithm of small ones is lost in bfloat16
        with torch.autocast(x.device.type, enabled=False):
            maps = self.maps(x.to(precision(x.device)), own).float()
        if lengths is None:
            return maps, None
        return maps, nd.valid_steps(self.count(own), maps.shape[2])


def precision(device: torch.device) -> torch.dtype:
    """What is computed in: float32 has no quiet band beside a loud one, but Apple's devices have nothing better."""
    return torch.float32 if device.type == "mps" else torch.float64


def power(spectrum: Tensor) -> Tensor:
    """Complex -> real: abs() takes a root, which is slow and here squared again."""
    return spectrum.real.square() + spectrum.imag.square()
