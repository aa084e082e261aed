"""(N, 3, T, H, W) bytes -> film strips, drawn on axes that the report hands over."""

from typing import Any

import numpy as np
from torch import Tensor

from modalities.video.options import Data, Net
from vggx.data.batch import Batch
from vggx.data.pictures import shifted
from vggx.options import given

FRAMES = 16  # of a longer clip so many are shown, evenly spread
ROWS = 24  # of more strips, two smaller ones stand side by side


class Panels:
    """Clips as the net sees them, before they are normalised; see `vggx.report.sheets.Panels`."""

    beside, colours = True, ""

    def __init__(self, clips: Tensor, data: Data, note: str = ""):
        self.clips = clips.permute(0, 2, 3, 4, 1).numpy()
        count, frames, self.side = self.clips.shape[:3]
        self.shown = np.linspace(0, frames - 1, min(frames, FRAMES)).round().astype(int)
        self.stride = given(data.frame_stride, "frame_stride")
        self.gap = max(1, self.side // 28)
        self.columns, height = (1, 0.8) if count <= ROWS else (2, 0.55)
        self.size = height * (len(self.shown) * (1 + self.gap / self.side) - self.gap / self.side), height
        every = "" if len(self.shown) == frames else f"{len(self.shown)} of them shown; "
        self.caption = (
            f"{frames} frames of {self.side} x {self.side} pixels; {every}"
            f"numbers: frames of the file, counted from the clip's first{note}"
        )

    def draw(self, axes: Any, index: int) -> Any:
        between = np.full((self.side, self.gap, 3), 255, np.uint8)
        parts = [part for frame in self.shown for part in (self.clips[index, frame], between)]
        middles = np.arange(len(self.shown)) * (self.side + self.gap) + (self.side - 1) / 2
        axes.xaxis.tick_top()
        axes.set_xticks(middles, [str(frame * self.stride) for frame in self.shown], fontsize=7)
        axes.tick_params(length=0, pad=2)
        axes.set_yticks([])
        axes.set_frame_on(False)
        return axes.imshow(np.concatenate(parts[:-1], 1))


def panels(net: Net, data: Data, batch: Batch, train: bool) -> Panels:
    """The clips of a batch, as cut and augmented."""
    clips, note = shifted(batch.input, data) if train else (batch.input, "")
    return Panels(clips, data, note)
