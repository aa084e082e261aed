"""An image's header -> what it says: {width, height, mode}."""

from typing import Any

from modalities.image.data import MODES, ImageData, opened
from vggx.data.listing import Sample


def facts(data: ImageData, sample: Sample) -> dict[str, Any]:
    """Of a file its header alone is read; `mode` is PIL's: L, RGB, P, I;16, ...

    Raises:
        BadFile: not an image, or one of more pixels than the options allow.
    """
    listing = data.find()
    if listing.contents is not None:
        channels, height, width = listing.contents(sample.path).shape
        return {"width": width, "height": height, "mode": MODES[channels]}
    with opened(sample.path, data.options.max_pixels) as image:
        return {"width": image.width, "height": image.height, "mode": image.mode}
