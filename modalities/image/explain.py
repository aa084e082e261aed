"""(C, H, W) bytes -> a picture and the heat over it, drawn on axes that the report hands over."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from modalities.image.options import Data, Net
from vggx.net import PreparedNet

SIDE, LEAST = 3.0, 1.6  # inches of a panel: its longer side, and no less than this however thin the picture


class Picture:
    """See `vggx.report.explain.Shown`; places are pixels, counted from the middle of the upper left one."""

    across = True

    def __init__(self, image: Tensor):
        self.seen = image.expand(3, -1, -1).permute(1, 2, 0).numpy()
        self.grey = 128 + F.rgb_to_grayscale(image)[0].numpy() // 2
        height, width = self.grey.shape
        scale = SIDE / max(height, width)
        self.size = max(LEAST, width * scale), max(LEAST, height * scale)
        self.caption = f"{width} x {height} pixels"

    def draw(self, axes: Any, heat: np.ndarray | None = None, look: dict[str, Any] | None = None) -> Any:
        axes.tick_params(labelsize=6.5, length=2, pad=2)
        if heat is None:
            return axes.imshow(self.seen)
        axes.imshow(self.grey, cmap="gray", vmin=0, vmax=255)
        return axes.imshow(heat[0], **look or {})

    def where(self, row: int, position: Sequence[float]) -> dict[str, float]:
        y, x = position
        return {"x": x, "y": y}

    def write(self, target: Path, heat: np.ndarray, look: dict[str, Any]) -> None:
        """An image does not move."""


def shown(net: PreparedNet, options: Net, data: Data, path: str, x: Tensor) -> Picture:
    """An image as it was read."""
    return Picture(x)
