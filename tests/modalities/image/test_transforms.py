"""modalities.image.transforms: sizes, what a crop keeps, what evaluation leaves alone, and what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from modalities.image.options import Data
from modalities.image.transforms import image_transform


def options(**given: Any) -> Data:
    return Data(**{"size": 24, "channels": 3, "crop_scale": [0.35, 1.0], "flip": False, **given})


def ramp(height: int, width: int) -> Tensor:
    """(3, H, W): red is the row, green the column, blue 7."""
    rows = torch.arange(height).view(-1, 1).expand(height, width)
    columns = torch.arange(width).expand(height, width)
    return torch.stack([rows, columns, torch.full((height, width), 7)]).to(torch.uint8)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("shape", [(3, 24, 24), (1, 24, 24), (3, 8, 100), (3, 100, 8), (3, 1, 1), (1, 8, 8)])
def test_every_picture_comes_to_one_size(train: bool, shape: tuple[int, ...]) -> None:
    x = torch.randint(256, shape, dtype=torch.uint8)
    y = image_transform(options(), train)(x)
    assert (y.shape, y.dtype) == ((shape[0], 24, 24), torch.uint8)


def test_evaluation_cuts_out_the_centre() -> None:
    y = image_transform(options(resize=30), False)(ramp(30, 50))
    assert torch.equal(y, ramp(30, 50)[:, 3:27, 13:37])


def test_evaluation_of_a_picture_of_the_nets_size_changes_nothing() -> None:
    x = torch.randint(256, (3, 24, 24), dtype=torch.uint8)
    assert torch.equal(image_transform(options(resize=24), False)(x), x)


def test_the_short_side_is_resized_to_eight_sevenths_where_not_told() -> None:
    """As 256 is to 224; the rest is resizing by torchvision, antialiased as PIL's is."""
    pixels = np.random.default_rng(0).integers(0, 256, (512, 768, 3), dtype=np.uint8)
    y = image_transform(options(size=224), False)(torch.from_numpy(pixels).permute(2, 0, 1))
    small = Image.fromarray(pixels).resize((384, 256), Image.Resampling.BILINEAR).crop((80, 16, 304, 240))
    assert np.abs(y.permute(1, 2, 0).numpy().astype(int) - np.asarray(small)).max() <= 2


def test_evaluation_draws_nothing() -> None:
    x = torch.randint(256, (3, 40, 60), dtype=torch.uint8)
    torch.manual_seed(0)
    first = image_transform(options(), False)(x)
    torch.manual_seed(1)
    assert torch.equal(image_transform(options(), False)(x), first)


def test_training_crops_keep_the_share_they_are_told() -> None:
    """Corners of a crop of a ramp tell its height and width, and so its share of the area and its place."""
    x, transform = ramp(200, 200), image_transform(options(size=100, crop_scale=[0.25, 0.5]), True)
    torch.manual_seed(0)
    crops = torch.stack([transform(x) for _ in range(200)]).float()
    heights = crops[:, 0, -1, 50] - crops[:, 0, 0, 50] + 1
    widths = crops[:, 1, 50, -1] - crops[:, 1, 50, 0] + 1
    shares = heights * widths / 200**2
    assert 0.23 < shares.min() < 0.28
    assert 0.47 < shares.max() < 0.52
    assert (widths / heights).min() > 0.7  # 3:4 to 4:3
    assert (widths / heights).max() < 1.4
    assert len({int(place) for place in crops[:, 0, 0, 50]}) > 50
    assert (crops[:, 2] == 7).all()


def test_a_scale_of_one_is_the_centre_at_full_height_as_in_evaluation() -> None:
    transform = image_transform(options(crop_scale=[1.0, 1.0]), True)
    for shape in ((24, 24), (24, 60), (80, 40)):
        for seed in range(5):
            torch.manual_seed(seed)
            assert torch.equal(transform(ramp(*shape)), image_transform(options(resize=24), False)(ramp(*shape)))


@pytest.mark.parametrize(("flip", "expected"), [(False, 0.0), (True, 0.5)])
def test_half_of_the_pictures_are_mirrored_if_told(flip: bool, expected: float) -> None:
    transform = image_transform(options(flip=flip), True)
    torch.manual_seed(0)
    mirrored = [bool(y[1, 12, 0] > y[1, 12, -1]) for y in (transform(ramp(50, 50)) for _ in range(400))]
    assert abs(np.mean(mirrored) - expected) <= (0.1 if flip else 0)


def test_a_seed_gives_the_same_crop() -> None:
    x, transform = ramp(60, 60), image_transform(options(flip=True), True)
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        found.append(transform(x))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_a_crop_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.resize=23 is smaller than modality\.data\.size=24"):
        image_transform(options(resize=23), False)


@pytest.mark.parametrize("scale", [[0.0, 1.0], [0.8, 0.5], [0.5, 1.5], [-1.0, 1.0]])
def test_an_impossible_crop_scale_is_refused(scale: list[float]) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.crop_scale must be 0 < least <= greatest <= 1, got \["):
        image_transform(options(crop_scale=scale), True)


@pytest.mark.parametrize("scale", [[0.5], [0.1, 0.5, 1.0], []])
def test_a_crop_scale_has_two_values(scale: list[float]) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.crop_scale"):
        image_transform(options(crop_scale=scale), True)


def test_an_unset_size_is_named() -> None:
    with pytest.raises(ValueError, match="size"):
        image_transform(Data(), False)
