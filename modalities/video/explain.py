"""(3, T, H, W) bytes -> a film strip and the heat over it, drawn on axes that the report hands over; and as a film."""

import math
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from modalities.video import clips
from modalities.video.options import Data, Net
from modalities.video.reencode import FPS, PIXELS
from modalities.video.whole import FilmStrip
from vggx.data.listing import BadFile
from vggx.files import atomic
from vggx.net import PreparedNet
from vggx.options import given

FRAMES = 8  # of a longer clip so many are shown, evenly spread
LONG, LEAST, MOST = 9.0, 0.7, 4.0  # inches of a strip: its length, and what its height lies between
SIDE = 256  # pixels of a film's short side, at least: few players show smaller ones well


class Clip:
    """See `vggx.report.explain.Shown`; places are frames and, where it tells them, seconds of the file, and pixels.

    Args:
        frames: (3, T, H, W) bytes.
        numbers: (T,) of the frames in the file.
        seconds: (T,) when each is shown; none where the file does not tell.
        rate: frames of the clip a second.
    """

    across = False

    def __init__(self, frames: Tensor, numbers: Sequence[int], seconds: Sequence[float], rate: float):
        upright = frames.transpose(0, 1)
        self.seen = upright.permute(0, 2, 3, 1).numpy()
        self.grey = 128 + F.rgb_to_grayscale(upright)[:, 0].numpy() // 2
        self.numbers, self.seconds = numbers, seconds
        self.rate = Fraction(rate).limit_denominator(1001) or Fraction(FPS)
        count, height, self.width = self.grey.shape
        self.picks = np.linspace(0, count - 1, min(count, FRAMES)).round().astype(int)
        self.gap = max(1, self.width // 28)
        high = LONG * height / (len(self.picks) * (self.width + self.gap) - self.gap)
        self.size = LONG, min(MOST, max(LEAST, high))
        some = "" if len(self.picks) == count else f", {len(self.picks)} of them shown"
        self.caption = f"{count} frames of {self.width} x {height} pixels{some}; numbers: frames of the file"

    def strip(self, frames: np.ndarray, blank: float) -> np.ndarray:
        """(T, H, W, ...) -> (H, W', ...): those that are shown, side by side."""
        between = np.full((frames.shape[1], self.gap, *frames.shape[3:]), blank, frames.dtype)
        return np.concatenate([part for pick in self.picks for part in (frames[pick], between)][:-1], 1)

    def draw(self, axes: Any, heat: np.ndarray | None = None, look: dict[str, Any] | None = None) -> Any:
        middles = np.arange(len(self.picks)) * (self.width + self.gap) + (self.width - 1) / 2
        axes.set_xticks(middles, [str(self.numbers[pick]) for pick in self.picks], fontsize=6.5)
        axes.tick_params(length=0, pad=2)
        axes.set_yticks([])
        axes.set_frame_on(False)
        if heat is None:
            return axes.imshow(self.strip(self.seen, 255))
        axes.imshow(self.strip(self.grey, 255), cmap="gray", vmin=0, vmax=255)
        return axes.imshow(self.strip(heat[0], np.nan), **look or {})

    def where(self, row: int, position: Sequence[float]) -> dict[str, float]:
        """Of the frame that is nearest in time."""
        time, y, x = position
        frame = min(round(time), len(self.numbers) - 1)
        seconds = {"seconds": self.seconds[frame]} if self.seconds else {}
        return {"frame": self.numbers[frame], **seconds, "x": x, "y": y}

    def write(self, target: Path, heat: np.ndarray, look: dict[str, Any]) -> Path:
        """An H.264 mp4 at the speed of the file: the frames as the net saw them, and beside each the heat over it."""
        path = target.with_name(f"{target.name}.mp4")
        pairs = np.concatenate([self.seen, self.covered(heat[0], look)], 2)
        larger = math.ceil(SIDE / min(self.grey.shape[1:]))
        pictures = [even(pair.repeat(larger, 0).repeat(larger, 1)) for pair in pairs]
        try:
            with atomic(path) as temporary, av.open(str(temporary), "w") as container:
                stream = container.add_stream("libx264", rate=self.rate, options={"crf": "18"})
                stream.height, stream.width = pictures[0].shape[:2]
                stream.pix_fmt = PIXELS
                for picture in pictures:
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                container.mux(stream.encode())
        except av.FFmpegError as error:
            raise BadFile(f"{path} cannot be encoded ({error.strerror})") from error
        return path

    def covered(self, heat: np.ndarray, look: dict[str, Any]) -> np.ndarray:
        """(T, H, W) -> (T, H, W, 3) bytes: the grey frames with the heat over them, where it is a number."""
        colours = colormaps[look["cmap"]](Normalize(look["vmin"], look["vmax"])(heat))[..., :3] * 255
        share = np.where(np.isnan(heat), 0, look["alpha"])[..., None]
        return (share * colours + (1 - share) * self.grey[..., None]).round().astype(np.uint8)


def even(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) with a last row and column once more where they are odd, which yuv420p cannot be."""
    height, width, _ = picture.shape
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "edge")


def shown(net: PreparedNet, options: Net, data: Data, path: str, x: Tensor) -> Clip:
    """A file's middle clip.

    Raises:
        BadFile: as `FilmStrip`.
    """
    film, stride = FilmStrip(path, data, given(data.size, "size"), net), given(data.frame_stride, "frame_stride")
    length, span = film.reader.length, data.span()
    numbers = clips.frame_numbers(clips.even_starts(length, span, 1)[0], span, stride, length, data.short)
    seconds: list[float] = []
    with suppress(BadFile):  # which a file that tells no times is
        seconds = film.stamps[numbers].tolist()
    return Clip(x, numbers, seconds, (film.reader.fps or FPS) / stride)
