"""Films in which every frame shows its number in dark and light blocks, which no codec blurs; and cuts of them."""

import signal
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

import av
import numpy as np
import pytest

SIDE = 96
COUNT = 60  # frames
BITS = (2, 4)  # rows and columns of blocks


def picture(number: int, side: int = SIDE) -> np.ndarray:
    """(side, side, 3) bytes: the number's bits as dark and light blocks, the lowest bit first."""
    bits = (number >> np.arange(8) & 1).reshape(BITS).astype(np.uint8)
    grey = (40 + 180 * bits).repeat(side // BITS[0], 0).repeat(side // BITS[1], 1)
    return np.stack([grey, grey, 255 - grey], -1)


@pytest.fixture(scope="session")
def numbers_in() -> Callable[[Any], list[int]]:
    """(T, H, W, 3) or (T, 3, H, W) -> the numbers that its frames show."""

    def read(frames: Any) -> list[int]:
        pixels = np.asarray(frames)
        red = pixels[..., 0] if pixels.shape[-1] == 3 else pixels[:, 0]
        count, height, width = red.shape
        rows, columns = BITS
        blocks = red.reshape(count, rows, height // rows, columns, width // columns)
        # the middle of a block, away from the edges that compression blurs
        middle = blocks[:, :, height // 8 : -height // 8, :, width // 16 : -width // 16].mean((2, 4))
        return [int(((levels.ravel() > 130) << np.arange(8)).sum()) for levels in middle]

    return read


@pytest.fixture(scope="session")
def by_pyav() -> Callable[[Path], np.ndarray]:
    """A file -> all its frames as PyAV decodes them one after the other: (T, H, W, 3)."""

    def read(path: Path) -> np.ndarray:
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            return np.stack([frame.to_ndarray(format="rgb24", threads=1) for frame in container.decode(video=0)])

    return read


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Name, codec and options -> the file, written when it is first asked for."""
    folder = tmp_path_factory.mktemp("films")

    def write(
        name: str,
        codec: str,
        *,
        pixels: str = "yuv420p",
        tag: str | None = None,
        times: Sequence[int] | None = None,
        rate: int = 25,
        count: int = COUNT,
        side: int = SIDE,
        **options: str,
    ) -> Path:
        path = folder / name
        if path.exists():
            return path
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, options=options)
            stream.height = stream.width = side
            stream.pix_fmt = pixels
            stream.codec_context.thread_count = 1
            if tag:
                stream.codec_context.codec_tag = tag
            for number in range(count):
                frame = av.VideoFrame.from_ndarray(picture(number, side), format="rgb24")
                frame.pts, frame.time_base = (times[number] if times else number), Fraction(1, rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


@pytest.fixture(scope="session")
def cut() -> Callable[[Path, Path, int], Path]:
    """Copy the packets of a file from a given one on, without encoding them anew."""

    def copy(source: Path, target: Path, first: int) -> Path:
        with av.open(str(source)) as container, av.open(str(target), "w") as output:
            stream = container.streams.video[0]
            copied = output.add_stream_from_template(stream)
            for index, packet in enumerate(container.demux(stream)):
                if packet.size and index >= first:
                    packet.stream = copied
                    output.mux(packet)
        return target

    return copy


@pytest.fixture
def no_hanging() -> Iterator[None]:
    """A process that hangs is an error after a minute."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("a loading process hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
