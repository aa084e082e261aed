"""modalities.video.transforms: one crop for all frames of a clip; sizes, and what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from modalities.image.options import Data as ImageOptions
from modalities.image.transforms import image_transform
from modalities.video.options import Data
from modalities.video.transforms import clip_transform


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
