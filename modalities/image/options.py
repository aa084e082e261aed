"""What can be set for images: `modality.net.*` and `modality.data.*`; plain data, no torch."""

from dataclasses import dataclass
from typing import Any, ClassVar

from vggx.options import NetOptions, PictureOptions, evaluated_side, given


@dataclass(kw_only=True)
class Data(PictureOptions):
    """Images of one size; see `PictureOptions` for what training does to them besides.

    Attributes:
        size: side of the square that the net sees, pixels.
        channels: 3 (RGB) or 1 (grey).
        resize: short side before the centre crop in evaluation, pixels; 8/7 of `size` where unset.
        rotation: greatest turn either way in training, degrees; what moves in is black. 0 is off.
        rand_augment: [operations, magnitude] of RandAugment in training (Cubuk et al. 2019), the magnitude 0 to 30;
            [] is off.
        max_pixels: a file whose header says more is not decoded and counts as bad; PIL itself takes up to 178,956,970.
    """

    size: int | None = None
    channels: int | None = None
    resize: int | None = None
    rotation: float | None = None
    rand_augment: list[int] | None = None
    max_pixels: int = 89_478_485

    PREPROCESSING: ClassVar[tuple[str, ...]] = ("size", "channels", "resize")
    GROWS: ClassVar[dict[str, tuple[int, ...]]] = {"size": (0, 1)}

    def input_shape(self) -> tuple[int, ...]:
        size = given(self.size, "size")
        return given(self.channels, "channels"), size, size

    def evaluated_side(self) -> int:
        return evaluated_side(given(self.size, "size"), self.resize)

    def meaning(self, fps: float) -> str:
        return f"{self.size} x {self.size} pixels"

    def duration(self, fps: float) -> float:
        return 1 / fps

    @classmethod
    def fed(cls, channels: int | None) -> dict[str, Any]:
        return {"channels": channels} if channels in (1, 3) else {}

    def contract(self) -> dict[str, Any]:
        values = f"{'RGB' if self.channels == 3 else 'grey'} bytes 0..255, or floats 0..1"
        return {"shape": list(self.input_shape()), "axes": ["channels", "height", "width"], "values": values}


@dataclass(kw_only=True)
class Net(NetOptions):
    """A VGG in dims 2."""

    DIMS: ClassVar[int] = 2
