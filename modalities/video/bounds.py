"""What is refused before any frame is decoded: too large or too long a video, and frames that are not there."""

from collections.abc import Sequence
from dataclasses import dataclass

from vggx.data.crops import check_shape
from vggx.data.listing import BadFile


@dataclass(frozen=True)
class Bounds:
    """What a header may claim, and whether frames may lie elsewhere; see `modalities.video.options.Data`."""

    max_pixels: int
    max_seconds: float
    follow_links: bool = False

    def check(self, path: str, width: int, height: int, seconds: float = 0.0) -> None:
        """Refuse a file by what its header says.

        Raises:
            BadFile: naming the number and the bound.
        """
        check_shape(path, width, height)
        pixels = width * height
        if pixels > self.max_pixels:
            limit = f"modality.data.max_pixels={self.max_pixels}"
            raise BadFile(f"{path}: {width} x {height} is {pixels} pixels, more than {limit}")
        if seconds > self.max_seconds:
            raise BadFile(f"{path}: {seconds:.0f} seconds are more than modality.data.max_seconds={self.max_seconds}")


def check_numbers(path: str, numbers: Sequence[int], length: int) -> None:
    """Refuse numbers that no frame has.

    Raises:
        BadFile: naming the first.
    """
    for number in numbers:
        if not 0 <= number < length:
            raise BadFile(f"{path}: has no frame {number}: they are 0 to {length - 1}")
