"""(N, C, H, W) bytes -> pictures, drawn on axes that the report hands over."""

from typing import Any

from torch import Tensor

from modalities.image.options import Data, Net
from vggx.data.batch import Batch
from vggx.data.pictures import shifted
from vggx.options import given


class Panels:
    """Images as the net sees them, before they are normalised; see `vggx.report.sheets.Panels`."""

    columns, beside, size, colours = 8, False, (1.4, 1.4), ""

    def __init__(self, images: Tensor, data: Data, note: str = ""):
        self.images = images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
        side = given(data.size, "size")
        self.caption = f"{side} x {side} pixels, {'grey' if data.channels == 1 else 'RGB'}{note}"

    def draw(self, axes: Any, index: int) -> Any:
        axes.set(xticks=[], yticks=[])
        return axes.imshow(self.images[index])


def panels(net: Net, data: Data, batch: Batch, train: bool) -> Panels:
    """The images of a batch, as cut and augmented."""
    images, note = shifted(batch.input, data) if train else (batch.input, "")
    return Panels(images, data, note)
