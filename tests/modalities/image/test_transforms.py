"""modalities.image.transforms: sizes, what a crop keeps, what evaluation leaves alone, and what is refused."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from modalities.image.data import ImageData
from modalities.image.options import Data
from modalities.image.transforms import image_transform
from vggx.data.crops import evaluated_side


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


@pytest.mark.parametrize(("size", "side"), [(224, 256), (112, 128), (100, 114), (64, 73), (32, 37), (20, 23)])
def test_eight_sevenths_are_rounded_to_the_nearest(size: int, side: int) -> None:
    """Of 32 they are 36.57, of 64 73.14."""
    assert evaluated_side(size, None) == side
    assert evaluated_side(size, 40) == 40


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
    with pytest.raises(ValueError, match=rf"modality\.data\.crop_scale must be .*, got {re.escape(str(scale))}"):
        image_transform(options(crop_scale=scale), True)


def test_an_unset_size_is_named() -> None:
    with pytest.raises(ValueError, match=r"^the option size is not set$"):
        image_transform(Data(), False)


# the rescaling of the paper: the short side to a random S, then a crop of `size`


def spans(short_side: list[int], count: int, height: int = 300, width: int = 400) -> np.ndarray:
    """(count, 2): rows and columns of the picture that a crop of 24 shows."""
    transform = image_transform(options(short_side=short_side, crop_scale=None), True)
    torch.manual_seed(0)
    rows = torch.arange(float(height)).view(-1, 1).expand(height, width)
    x = torch.stack([rows, torch.arange(float(width)).expand(height, width)])  # beyond the 255 of `ramp`
    crops = torch.stack([transform(x) for _ in range(count)])
    down, right = crops[:, 0, 20, 12] - crops[:, 0, 4, 12], crops[:, 1, 12, 20] - crops[:, 1, 12, 4]
    return torch.stack([down, right], 1).double().numpy() * 24 / 16


def test_every_short_side_within_its_bounds_is_equally_likely() -> None:
    found = 300 * 24 / spans([30, 39], 1000)
    sides = found[:, 0].round().astype(int)
    # a crop covers a whole number of pixels, which bends S a little
    np.testing.assert_allclose(found[:, 0], sides, atol=0.1)
    counts = np.bincount(sides, minlength=40)
    assert counts[:30].sum() == counts[40:].sum() == 0
    # chi-square of 9 degrees of freedom; 27.9 is passed once in 1000 seeds, and the seed is given
    assert ((counts[30:] - 100) ** 2 / 100).sum() < 27.9


def test_height_and_width_are_scaled_alike() -> None:
    rows, columns = spans([24, 60], 200).T
    np.testing.assert_allclose(rows, columns, rtol=1e-5)
    assert rows.max() / rows.min() > 2


def test_one_short_side_for_all() -> None:
    np.testing.assert_allclose(spans([48, 48], 50), 150, rtol=1e-5)


def test_crops_lie_anywhere_along_both_sides() -> None:
    transform = image_transform(options(short_side=[30, 30], crop_scale=None), True)
    torch.manual_seed(0)
    corners = np.array([transform(ramp(30, 50))[:2, 0, 0].tolist() for _ in range(1000)])
    assert [set(places) for places in corners.T] == [set(range(7)), set(range(27))]


def test_no_short_side_leaves_the_crop_to_its_scale() -> None:
    x = ramp(60, 60)
    torch.manual_seed(0)
    expected = image_transform(options(), True)(x)
    torch.manual_seed(0)
    assert torch.equal(image_transform(options(short_side=[]), True)(x), expected)


# colours, turns, RandAugment

WHOLE = {"crop_scale": [1.0, 1.0], "resize": 24}


def photograph(channels: int = 3) -> Tensor:
    blocks = torch.randint(256, (channels, 6, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return blocks.repeat_interleave(4, 1).repeat_interleave(4, 2)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("given", [{"colour": 0.4}, {"rotation": 15}, {"rand_augment": [2, 9]}], ids=str)
def test_a_change_reaches_the_pixels_and_hangs_on_the_seed(given: dict[str, Any], channels: int) -> None:
    x, transform = photograph(channels), image_transform(options(**WHOLE, channels=channels, **given), True)
    found = []
    for seed in range(20):
        torch.manual_seed(seed)
        found.append(transform(x))
        torch.manual_seed(seed)
        assert torch.equal(transform(x), found[-1])
    assert {(y.shape, y.dtype) for y in found} == {(x.shape, x.dtype)}
    # a few of RandAugment's operations leave a picture as it is
    assert sum(not torch.equal(y, x) for y in found) > 15
    assert len({y.numpy().tobytes() for y in found}) > 12
    evaluated = image_transform(options(**WHOLE, channels=channels, **given), False)
    assert torch.equal(evaluated(x), x)


def test_colour_changes_brightness_by_a_share() -> None:
    grey = torch.full((3, 24, 24), 100, dtype=torch.uint8)
    transform = image_transform(options(**WHOLE, colour=0.4), True)
    torch.manual_seed(0)
    levels = [transform(grey)[0, 0, 0].item() for _ in range(200)]
    assert min(levels) == pytest.approx(60, abs=4)
    assert max(levels) == pytest.approx(140, abs=4)


def test_a_turn_is_torchvisions_by_the_angle_that_is_drawn() -> None:
    x, transform = photograph(), image_transform(options(**WHOLE, rotation=15), True)
    for seed in range(10):
        torch.manual_seed(seed)
        found = transform(x)
        torch.manual_seed(seed)
        angle = torch.empty(1).uniform_(-15, 15).item()
        assert torch.equal(found, F.rotate(x, angle, InterpolationMode.BILINEAR, fill=[0.0]))


def test_a_greater_magnitude_changes_more() -> None:
    x = photograph().int()
    changes = []
    for magnitude in (1, 25):
        transform = image_transform(options(**WHOLE, rand_augment=[1, magnitude]), True)
        torch.manual_seed(0)
        changes.append(np.mean([(transform(photograph()).int() - x).abs().float().mean() for _ in range(100)]))
    assert changes[1] > 1.3 * changes[0]


@pytest.mark.parametrize("given", [{"colour": 0}, {"rotation": 0}, {"rand_augment": []}], ids=str)
def test_nothing_is_off(given: dict[str, Any]) -> None:
    assert torch.equal(image_transform(options(**WHOLE, **given), True)(photograph()), photograph())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("short_side", [20, 40]),
        ("short_side", [40, 24]),
        ("short_side", [24]),
        ("colour", 1.5),
        ("colour", -0.1),
        ("rotation", -1),
        ("rotation", 181),
        ("rand_augment", [0, 9]),
        ("rand_augment", [2]),
        ("rand_augment", [2, 31]),
        ("rand_augment", [2, -1]),
    ],
)
def test_what_is_out_of_range_is_refused_before_anything_is_read(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.{name}"):
        ImageData(options(**{name: value}))
