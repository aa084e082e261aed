"""What training does to pictures, of images and of video."""

from dataclasses import dataclass

from vggx.options.data import DataOptions


@dataclass(kw_only=True)
class PictureOptions(DataOptions):
    """How the pictures of a training sample are changed, all frames of a clip alike; evaluation changes none.

    Attributes:
        crop_scale: least and greatest share of the picture's area in a training crop.
        short_side: in place of crop_scale: least and greatest length that the short side is scaled to in training,
            pixels, all equally likely, before a square of `size` is cut out; [] is off.
        flip: mirror half of the training samples.
        colour: greatest change of brightness, contrast and saturation in training, as a share; 0 is off.
        colour_shift: standard deviation of the shift of all colours in training (`vggx.data.colours`); AlexNet's and
            the VGG paper's is 0.1, 0 is off.
        rgb_covariance: of the colours that the shift goes by, 3 x 3, for values scaled to 0..1; measured on the
            training split where unset.
    """

    crop_scale: list[float] | None = None
    short_side: list[int] | None = None
    flip: bool | None = None
    colour: float | None = None
    colour_shift: float | None = None
    rgb_covariance: list[list[float]] | None = None

    def measures_colours(self) -> bool:
        return bool(self.colour_shift) and self.rgb_covariance is None

    def mirrors(self) -> bool:
        return bool(self.flip)

    def trained_at(self) -> str:
        if self.short_side:
            return "-".join(map(str, dict.fromkeys(self.short_side)))
        return f"area {self.crop_scale[0]:g}-{self.crop_scale[1]:g}" if self.crop_scale else "-"


def evaluated_side(size: int, resize: int | None) -> int:
    """What the short side is resized to in evaluation: 8/7 of `size` where nothing is said, 256 for 224."""
    return round(size * 8 / 7) if resize is None else resize
