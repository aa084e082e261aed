"""modalities.image.data: what a header says is held against the limits before anything is decoded."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from modalities.image.data import open_data, read_image
from modalities.image.options import Data
from vggx.data.listing import BadFile, Sample


def bomb(path: Path, width: int, height: int) -> Path:
    """A PNG of some kilobytes whose header says `width` x `height`, all of them black."""
    row = zlib.compressobj(9)
    pixels = b"".join(row.compress(bytes(1 + width // 8)) for _ in range(height)) + row.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
    return path


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bomb(tmp_path / "bomb.png", 16_000, 8_000)
    assert path.stat().st_size < 50_000
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("it was decoded"))
    message = r"bomb\.png: its header says 16000 x 8000 pixels, more than modality\.data\.max_pixels=89478485"
    with pytest.raises(BadFile, match=message):
        read_image(str(path), 3)


def test_the_limit_of_pixels_is_an_option(tmp_path: Path) -> None:
    path = bomb(tmp_path / "small.png", 80, 40)
    assert read_image(str(path), 1, max_pixels=3200).shape == (1, 40, 80)
    with pytest.raises(BadFile, match=r"80 x 40 pixels, more than modality\.data\.max_pixels=3199"):
        read_image(str(path), 1, max_pixels=3199)
    data = open_data(Data(root=str(tmp_path), size=8, channels=1, crop_scale=[1.0, 1.0], max_pixels=3199), 0)
    with pytest.raises(BadFile, match=r"max_pixels=3199"):
        data.load(False)(Sample(str(path)), 0, 1)[0]


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (3, 301)])
def test_a_picture_that_grows_when_its_short_side_is_resized_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("L", size).save(tmp_path / "thin.png")
    with pytest.raises(BadFile, match=rf"thin\.png: {size[0]} x {size[1]} is more than 100 times as long as wide"):
        read_image(str(tmp_path / "thin.png"), 1)
    Image.new("L", (3, 300)).save(tmp_path / "slim.png")
    assert read_image(str(tmp_path / "slim.png"), 1).shape == (1, 300, 3)
