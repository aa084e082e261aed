"""What an image's header says, for files as they were written and for arrays of many images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from modalities.image.data import ArrayContents, ImageData
from modalities.image.facts import facts
from modalities.image.options import Data
from vggx.data.listing import BadFile, Listing, Sample


def data(**options: int) -> ImageData:
    found = ImageData(Data(size=32, channels=3, **options))
    found.listing = Listing(["a"])
    return found


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.png", "RGBA"), ("a.png", "P"), ("a.jpg", "L"), ("a.tif", "I;16"), ("a.webp", "RGB"), ("a.bmp", "1")],
)
def test_a_file_is_as_it_was_written(tmp_path: Path, name: str, mode: str) -> None:
    Image.new(mode, (30, 20)).save(tmp_path / name)
    assert facts(data(), Sample(str(tmp_path / name))) == {"width": 30, "height": 20, "mode": mode}


def test_only_the_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:200])
    assert facts(data(), Sample(str(path))) == {"width": 48, "height": 64, "mode": "RGB"}


@pytest.mark.parametrize(("shape", "mode"), [((4, 20, 30), "L"), ((4, 20, 30, 3), "RGB")])
def test_arrays_of_many_images(shape: tuple[int, ...], mode: str) -> None:
    found = data()
    found.listing = Listing(["a"], contents=ArrayContents({"all": np.zeros(shape, np.uint8)}))
    assert facts(found, Sample("all#3")) == {"width": 30, "height": 20, "mode": mode}


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("words")
    with pytest.raises(BadFile, match=r"a\.png: is not a readable image"):
        facts(data(), Sample(str(tmp_path / "a.png")))
    (tmp_path / "b.png").touch()
    with pytest.raises(BadFile, match=r"b\.png: is empty"):
        facts(data(), Sample(str(tmp_path / "b.png")))
    Image.new("L", (30, 20)).save(tmp_path / "c.png")
    with pytest.raises(BadFile, match=r"c\.png: its header says 30 x 20 pixels, more than modality\.data\.max_p"):
        facts(data(max_pixels=599), Sample(str(tmp_path / "c.png")))
