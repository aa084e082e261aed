"""modalities.video.transforms: one crop for all frames of a clip; sizes, and what is refused."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from modalities.image.options import Data as ImageOptions
from modalities.image.transforms import image_transform
from modalities.video.data import open_data
from modalities.video.options import Data
from modalities.video.transforms import clip_transform
from vggx.data.listing import Sample


def options(**given: Any) -> Data:
    return Data(**{"frames": 5, "frame_stride": 1, "size": 24, "crop_scale": [0.2, 0.8], "flip": True, **given})


def clip(frames: int = 5, height: int = 40, width: int = 60) -> Tensor:
    """(T, 3, H, W): red is the row, green the column, blue the frame's number."""
    rows = torch.arange(height).view(-1, 1).expand(height, width)
    columns = torch.arange(width).expand(height, width)
    return torch.stack([torch.stack([rows, columns, torch.full_like(rows, t)]) for t in range(frames)]).to(torch.uint8)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("shape", [(5, 3, 24, 24), (1, 3, 24, 24), (5, 3, 8, 100), (5, 3, 100, 8)])
def test_channels_come_first_and_frames_have_one_size(train: bool, shape: tuple[int, ...]) -> None:
    y = clip_transform(options(), train)(torch.randint(256, shape, dtype=torch.uint8))
    assert (y.shape, y.dtype) == ((3, shape[0], 24, 24), torch.uint8)
    assert y.is_contiguous()


@pytest.mark.parametrize("train", [True, False])
def test_all_frames_have_the_same_crop_and_mirror(train: bool) -> None:
    transform = clip_transform(options(), train)
    mirrored = set()
    for seed in range(12):
        torch.manual_seed(seed)
        y = transform(clip())
        assert (y[:2] == y[:2, :1]).all()  # row and column of every pixel
        assert all((y[2, t] == t).all() for t in range(5))
        mirrored.add(bool(y[1, 0, 12, 0] > y[1, 0, 12, -1]))
    assert mirrored == ({True, False} if train else {False})


def test_a_clip_is_cropped_as_its_frames_would_be() -> None:
    for train in (True, False):
        torch.manual_seed(3)
        whole = clip_transform(options(), train)(clip())
        one = ImageOptions(size=24, channels=3, crop_scale=[0.2, 0.8], flip=True)
        for t, frame in enumerate(clip()):
            torch.manual_seed(3)
            assert torch.equal(image_transform(one, train)(frame), whole[:, t])


def test_evaluation_cuts_out_the_centre() -> None:
    y = clip_transform(options(resize=40), False)(clip())
    assert torch.equal(y, clip()[:, :, 8:32, 18:42].transpose(0, 1))


def test_crops_differ_from_clip_to_clip() -> None:
    transform = clip_transform(options(flip=False), True)
    torch.manual_seed(0)
    corners = {tuple(transform(clip())[:2, 0, 0, 0].tolist()) for _ in range(50)}
    assert len(corners) > 25


@pytest.mark.parametrize(("flip", "expected"), [(False, 0.0), (True, 0.5)])
def test_half_of_the_clips_are_mirrored_if_told(flip: bool, expected: float) -> None:
    transform = clip_transform(options(flip=flip), True)
    torch.manual_seed(0)
    mirrored = [bool(y[1, 0, 12, 0] > y[1, 0, 12, -1]) for y in (transform(clip(1)) for _ in range(400))]
    assert abs(np.mean(mirrored) - expected) <= (0.1 if flip else 0)


def test_a_crop_larger_than_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.resize=20 is smaller than modality\.data\.size=24"):
        clip_transform(options(resize=20), False)


@pytest.mark.parametrize("scale", [[0.0, 1.0], [0.8, 0.5], [0.5, 1.5]])
def test_an_impossible_crop_scale_is_refused(scale: list[float]) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.crop_scale must be 0 < least <= greatest <= 1"):
        clip_transform(options(crop_scale=scale), True)


# the field's training transform: short side, crop, mirror, colour


def test_the_short_side_is_scaled_to_a_random_length() -> None:
    """A square of `size` then shows size / short of the short side: measured by the rows it spans, of all 40."""
    transform = clip_transform(options(short_side=[24, 48], flip=False), True)
    torch.manual_seed(0)
    spans, lefts = [], set()
    for _ in range(200):
        y = transform(clip(1, 40, 60)).float()
        spans.append((y[0, 0, -1].mean() - y[0, 0, 0].mean()).item() * 24 / 23)
        lefts.add(round(y[1, 0, 0, 0].item()))
    assert min(spans) == pytest.approx(40 * 24 / 48, abs=1.5)
    assert max(spans) == pytest.approx(40, abs=1.5)
    assert np.mean(spans) == pytest.approx(np.mean([40 * 24 / short for short in range(24, 49)]), abs=1.0)
    assert len(lefts) > 10


def test_a_short_side_crop_is_what_torchvision_cuts_out_of_the_whole_picture_resized() -> None:
    frames = clip(2, 80, 120)
    small = F.resize(frames, [40], antialias=True).transpose(0, 1).int()
    transform = clip_transform(options(short_side=[40, 40], flip=False), True)
    torch.manual_seed(0)
    for _ in range(20):
        y = transform(frames).int()
        # rows and columns are their own places, twice as many as after resizing
        top, left = ((y[axis, 0, 12, 12] - 0.5) / 2 - 12 for axis in (0, 1))
        expected = small[:, :, round(top.item()) :, round(left.item()) :][:, :, :24, :24]
        assert (y - expected).abs()[:, :, 1:-1, 1:-1].max() <= 1  # half a pixel; at the edge one has no neighbours


def test_short_side_takes_the_place_of_crop_scale() -> None:
    torch.manual_seed(0)
    y = clip_transform(options(short_side=[40, 40], crop_scale=None, flip=False), True)(clip())
    # at the source's own size nothing is resized: a square cut out as it is
    top, left = int(y[0, 0, 0, 0]), int(y[1, 0, 0, 0])
    assert torch.equal(y, clip()[:, :, top : top + 24, left : left + 24].transpose(0, 1))


@pytest.mark.parametrize("given", [{"short_side": [24, 40]}, {"short_side": [24, 40], "colour": 0.5}, {"colour": 0.5}])
def test_a_still_clip_stays_still_under_every_draw(given: dict[str, Any]) -> None:
    still = clip(1).expand(5, -1, -1, -1)
    transform = clip_transform(options(**given), True)
    for seed in range(10):
        torch.manual_seed(seed)
        y = transform(still)
        assert (y == y[:, :1]).all()


def test_colour_changes_brightness_contrast_and_saturation_by_a_share() -> None:
    grey = torch.full((2, 3, 24, 24), 100, dtype=torch.uint8)
    transform = clip_transform(options(colour=0.5, crop_scale=[1.0, 1.0], flip=False), True)
    torch.manual_seed(0)
    levels = [transform(grey)[0, 0, 0, 0].item() for _ in range(200)]
    assert min(levels) == pytest.approx(50, abs=4)
    assert max(levels) == pytest.approx(150, abs=4)


@pytest.mark.parametrize("short", [[20, 40], [40, 24], [24]])
def test_an_impossible_short_side_is_refused(short: list[int]) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.short_side must be modality\.data\.size=24 <= least"):
        clip_transform(options(short_side=short), True)


@pytest.mark.parametrize("colour", [-0.1, 1.5])
def test_an_impossible_colour_is_refused(colour: float) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.colour={colour} must lie in 0..1; 0 is off"):
        clip_transform(options(colour=colour), True)


# crops of evaluation


@pytest.mark.parametrize(("height", "width"), [(40, 60), (60, 40), (40, 40)])
def test_three_crops_are_the_start_middle_and_end_of_the_longer_side(height: int, width: int) -> None:
    transform = clip_transform(options(resize=40, crops=3), False)
    found = [transform(clip(2, height, width), crop) for crop in range(3)]
    for y, place in zip(found, (0, 0.5, 1), strict=True):
        down, right = (place, 0.5) if height > width else (0.5, place)
        top, left = round((height - 24) * down), round((width - 24) * right)
        assert torch.equal(y, clip(2, height, width)[:, :, top : top + 24, left : left + 24].transpose(0, 1))


@pytest.mark.parametrize(("height", "width"), [(24, 61), (50, 24)])
def test_three_crops_of_the_whole_short_side_are_corners_and_centre_of_torchvisions_five(
    height: int, width: int
) -> None:
    transform = clip_transform(options(resize=24, crops=3), False)
    top_left, _, _, bottom_right, centre = F.five_crop(clip(2, height, width), [24, 24])
    for crop, expected in enumerate((top_left, centre, bottom_right)):
        assert torch.equal(transform(clip(2, height, width), crop), expected.transpose(0, 1))


def test_one_crop_is_torchvisions_centre() -> None:
    for height, width in ((41, 60), (40, 57), (33, 33)):
        frames = clip(2, height, width)
        expected = F.center_crop(F.resize(frames, [28], antialias=True), [24, 24])
        assert torch.equal(clip_transform(options(resize=28), False)(frames), expected.transpose(0, 1))


def test_views_are_clips_times_crops(tmp_path: Path) -> None:
    """View v is crop v % crops of clip v // crops."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 60, 40, "yuv420p"
        for number in range(12):
            grey = np.full((40, 60, 3), 20 * number, np.uint8)
            grey[:, 30:] += 10
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    data = open_data(options(frames=2, clips=3, crops=3, resize=40, root=str(tmp_path)), 0)
    sample = Sample(str(path))
    assert data.views([sample]) == 9
    load = data.load(False)
    views = [load(sample, view, 9)[0].float() for view in range(9)]
    firsts = [round((view[0, 0, 12, 0].item()) / 20) for view in views]
    assert firsts == [0, 0, 0, 3, 3, 3, 6, 6, 6]  # as pytorchvideo spreads them, by thirds of what is left of a clip
    # the left half of a frame is darker: the first crop lies in it, the last in the other, the middle one in both
    assert [bool(view[0, 0, 12, 0] < view[0, 0, 12, -1] - 5) for view in views] == [False, True, False] * 3
    assert all(
        (last[0, 0, 12, 0] - first[0, 0, 12, 0]).item() > 5 for first, last in zip(views[::3], views[2::3], strict=True)
    )


@pytest.mark.parametrize("crops", [0, -1])
def test_no_crops_are_refused(crops: int) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.crops must be 1 or more, not {crops}"):
        clip_transform(options(crops=crops), False)
