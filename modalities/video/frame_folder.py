"""a folder of images, img_00001.jpg and so on -> the frames of a video."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from modalities.video.bounds import Bounds, check_numbers
from vggx.data.listing import BadFile, check_file
from vggx.data.paths import ALLOW

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
# how the names of frames begin where other series, such as optical flow (flow_x_00001.jpg), lie in the same folder
SERIES = ("img", "image", "frame")


class FolderReader:
    """Images of one size in the order of the numbers in their names; the rotation in their EXIF data is ignored.

    Raises:
        BadFile: no images, or several series of them and none by a known name.
    """

    def __init__(self, path: str, bounds: Bounds):
        self.path, self.bounds = path, bounds
        self.files = [os.path.join(path, name) for name in series(path)]
        self.length, self.fps = len(self.files), 0.0

    def read(self, numbers: Sequence[int]) -> Tensor:
        """See `modalities.video.readers.Reader`.

        Raises:
            BadFile: naming the image: none of this number, not readable, too large, or of another size than the first.
        """
        check_numbers(self.path, numbers, self.length)
        frames = {number: self.frame(number) for number in sorted(set(numbers))}
        (first, one), *others = frames.items()
        for number, other in others:
            if other.shape != one.shape:
                raise BadFile(
                    f"{self.files[number]}: is {other.shape[1]} x {other.shape[0]}, and "
                    f"{os.path.basename(self.files[first])} is {one.shape[1]} x {one.shape[0]}: the frames of a video "
                    "have one size"
                )
        return torch.from_numpy(np.stack([frames[number] for number in numbers])).permute(0, 3, 1, 2)

    def walk(self, pieces: Iterable[Sequence[int]]) -> Iterator[Tensor]:
        """(T, 3, H, W) of each piece.

        Raises:
            BadFile: as `read`, also of images in different pieces.
        """
        first: tuple[int, ...] | None = None
        for piece in pieces:
            frames = self.read(piece)
            size = tuple(frames.shape[2:])
            first = first or size
            if size != first:
                raise BadFile(
                    f"{self.files[piece[0]]}: is {size[1]} x {size[0]}, and {os.path.basename(self.files[0])} is "
                    f"{first[1]} x {first[0]}: the frames of a video have one size"
                )
            yield frames

    def frame(self, number: int) -> np.ndarray:
        path = self.files[number]
        if not self.bounds.follow_links and os.path.islink(path):
            check_link(path)
        check_file(path)
        try:
            with Image.open(path) as image:
                self.bounds.check(path, *image.size)
                if image.mode.startswith("I;16"):  # which convert() would clip at 255
                    grey = (np.asarray(image) >> 8).astype(np.uint8)
                    return np.repeat(grey[..., None], 3, 2)
                return np.asarray(image.convert("RGB"))
        except BadFile:
            raise
        except Exception as error:  # PIL's many readers raise many kinds on damaged files
            raise BadFile(f"{path}: is not a readable image ({error})") from error


def check_link(path: str) -> None:
    """
    Raises:
        BadFile: the link leads out of its folder.
    """
    real, folder = os.path.realpath(path), os.path.realpath(os.path.dirname(path))
    if os.path.dirname(real) != folder:
        raise BadFile(f"{path}: is a link to {real}, outside of its folder; {ALLOW}")


def series(path: str) -> list[str]:
    """The names of a folder's images in the order of their numbers.

    Raises:
        BadFile: no images, or several series and none by a known name.
    """
    found: dict[str, list[str]] = {}
    for name in os.listdir(path):
        stem, ending = os.path.splitext(name)
        if ending.lower() in IMAGES and not name.startswith("."):
            found.setdefault(re.sub(r"\d+", "#", stem), []).append(name)
    if not found:
        raise BadFile(f"{path}: is a folder without images ({' '.join(IMAGES)})")
    names = found if len(found) == 1 else [name for name in found if name.lower().startswith(SERIES)]
    if len(names) != 1:
        raise BadFile(f"{path}: has the frames of several videos, {', '.join(sorted(found))}")
    return sorted(found[next(iter(names))], key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
