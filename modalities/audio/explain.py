"""(F, T) as the net eats it -> a spectrogram and the heat over it, drawn on axes that the report hands over."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modalities.audio import preview
from modalities.audio.frontend import Frontend
from modalities.audio.options import Data, Net
from modalities.audio.reading import LoadClip, opened
from modalities.audio.transforms import clip_start
from modalities.audio.whole import parts
from vggx.net import PreparedNet
from vggx.options import given


class Spectrogram:
    """See `vggx.report.explain.Shown`; places are seconds of the file, and of pooled bands hertz.

    Args:
        maps: (F, T)
        centres: (F,) of the bands, Hz.
        frontend: that made the maps.
        rate: of the waveform, Hz.
        start, end: of the clip, seconds of the file.
    """

    across, size = False, (7.0, 1.6)

    def __init__(self, maps: Tensor, centres: np.ndarray, frontend: Frontend, rate: int, start: float, end: float):
        self.centres, self.frontend, self.rate, self.start = centres, frontend, rate, start
        steps = maps.shape[1]
        ends = self.seconds(-0.5), self.seconds(steps - 0.5)
        self.panels = preview.Panels(maps[None], None, centres, ends, "", "")
        self.caption = f"{steps} steps, from {start:.2f} s to {end:.2f} s of the file"

    def seconds(self, step: float) -> float:
        """The middle of a step's window."""
        samples = step * self.frontend.hop - self.frontend.pad + self.frontend.size / 2
        return self.start + samples / self.rate

    def draw(self, axes: Any, heat: np.ndarray | None = None, look: dict[str, Any] | None = None) -> Any:
        image = self.panels.draw(axes, 0)
        if heat is None:
            return image
        low, high = image.get_clim()
        image.set(cmap="gray", clim=(low - (high - low), high))
        return axes.imshow(heat, origin="lower", aspect="auto", extent=image.get_extent(), **look or {})

    def where(self, row: int, position: Sequence[float]) -> dict[str, float]:
        (step,) = position
        return {"seconds": self.seconds(step)}

    def write(self, target: Path, heat: np.ndarray, look: dict[str, Any]) -> None:
        """A spectrogram does not move."""


class Bands(Spectrogram):
    """A spectrogram of pooled bands, each of which has a heat of its own."""

    def where(self, row: int, position: Sequence[float]) -> dict[str, float]:
        return super().where(row, position) | {"hertz": float(self.centres[row])}


def shown(net: PreparedNet, options: Net, data: Data, path: str, x: Tensor) -> Spectrogram:
    """A file's middle clip.

    Raises:
        BadFile: as `opened`.
    """
    rate = given(data.sample_rate, "sample_rate")
    with opened(path, data) as file:
        clip = LoadClip(data, train=False).span(file.samplerate)
        start = clip_start(file.frames, clip, view=0, views=1, train=False) / file.samplerate
    with torch.no_grad():
        maps, _ = net.eaten(x[None].to(net.normalise.mean.device))
    kind = Bands if options.frequency == "pooled" else Spectrogram
    return kind(maps[0].cpu(), preview.band_centres(options, data), parts(net)[0], rate, start, start + len(x) / rate)
