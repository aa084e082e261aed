"""Clips written by the tests, whose frames tell their numbers, and how they are read."""

from pathlib import Path
from typing import Any

import av
import numpy as np
from torch import Tensor

from modalities.video.bounds import Bounds
from modalities.video.data import VideoData
from modalities.video.options import Data
from modalities.video.readers import Reader, open_video
from vggx.data.listing import Sample

STEP = 4  # grey levels from one frame to the next


def encode(path: Path, frames: np.ndarray, codec: str = "libx264", **options: str) -> Path:
    """(T, H, W, 3) bytes -> a video file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def numbered(path: Path, count: int) -> Path:
    """A video in which frame n is grey of level 20 + 4 n, with B-frames and a key frame every 12."""
    levels = (20 + STEP * np.arange(count)).astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (count, 32, 64, 3))
    return encode(path, np.ascontiguousarray(frames), crf="10", g="12", bf="2")


def numbers_of(clip: Tensor) -> list[int]:
    """(3, T, H, W) -> the numbers of its frames."""
    levels = clip.float().mean((0, 2, 3))
    numbers = ((levels - 20) / STEP).round()
    assert (levels - 20 - STEP * numbers).abs().max() <= 1.5  # what H.264 and the way through YUV may change
    return numbers.int().tolist()


def moving(count: int = 40) -> np.ndarray:
    """(T, 48, 64, 3): a coloured pattern that moves, so that no two frames are alike."""
    blocks = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    return np.stack([np.roll(blocks, (t, 2 * t), (0, 1)) for t in range(count)])


def options(**given: Any) -> Data:
    defaults = {"frames": 8, "frame_stride": 1, "size": 16, "crop_scale": [1.0, 1.0], "flip": False, "batch_size": 4}
    return Data(**{**defaults, "num_workers": 0, **given})


def loads(path: Path, train: bool = False, view: int = 0, **given: Any) -> Tensor:
    return VideoData(options(**given)).load(train)(Sample(str(path)), view, 1)[0]


def reader(path: Path, decoder: str = "auto") -> Reader:
    return open_video(str(path), Bounds(10**6, 60), decoder)
