"""(N, C, H, W) bytes -> pictures, drawn on axes that the report hands over."""

from typing import Any

from modalities.image.options import Data, Net
from vggx.options import given


class Panels:
    """Images as the net sees them, before they are normalised; see `vggx.report.sheets.Panels`."""

    columns, beside, size, colours = 8, False, (1.4, 1.4), ""

    def __init__(self, batch: dict[str, Any], data: Data):
        self.images = batch["input"].expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
        side = given(data.size, "size")
        self.caption = f"{side} x {side} pixels, {'grey' if data.channels == 1 else 'RGB'}"

    def draw(self, axes: Any, index: int) -> Any:
        axes.set(xticks=[], yticks=[])
        return axes.imshow(self.images[index])


def panels(net: Net, data: Data, batch: dict[str, Any], train: bool) -> Panels:
    """The images of a batch, as cut and augmented."""
    return Panels(batch, data)
