"""How clips are shown with a heat over them: frames by their numbers, odd sizes, folders that tell no time."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from modalities.video.explain import Clip, shown
from modalities.video.net import build
from modalities.video.options import Data, Net

LOOK = {"cmap": "turbo", "alpha": 0.5, "vmin": 0.0, "vmax": 1.0}


def clip(frames: int, height: int, width: int) -> tuple[Clip, torch.Tensor]:
    x = torch.randint(256, (3, frames, height, width), dtype=torch.uint8)
    numbers = [10 + 3 * number for number in range(frames)]
    return Clip(x, numbers, [number / 30 for number in numbers], 10.0), x


def test_frames_stand_side_by_side_in_order() -> None:
    made, x = clip(20, 24, 33)
    axes = Figure().add_axes((0, 0, 1, 1))
    strip = np.asarray(made.draw(axes).get_array())
    picks = [0, 3, 5, 8, 11, 14, 16, 19]
    for place, pick in enumerate(picks):
        assert np.array_equal(strip[:, 34 * place : 34 * place + 33], x[:, pick].permute(1, 2, 0))
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(10 + 3 * pick) for pick in picks]
    assert "20 frames of 33 x 24 pixels, 8 of them shown" in made.caption
    heat = np.random.rand(1, 20, 24, 33).astype(np.float32)
    over = made.draw(axes, heat, LOOK).get_array()
    assert np.array_equal(over[:, 34:67], heat[0, 3])
    assert np.ma.getmaskarray(over)[:, 33].all()  # nothing is between the frames


def test_a_place_is_a_frame_its_second_and_a_pixel() -> None:
    made, _ = clip(4, 24, 33)
    assert made.where(0, (1.4, 5.5, 7.5)) == {"frame": 13, "seconds": 13 / 30, "x": 7.5, "y": 5.5}
    assert made.where(0, (3.5, 0.0, 0.0))["frame"] == 19


def test_a_film_shows_what_was_seen_beside_the_heat(tmp_path: Path) -> None:
    """Grey where there is no heat; 33 x 25 pixels, enlarged 11 times, of which yuv420p takes no odd row."""
    made, x = clip(5, 25, 33)
    heat = np.full((1, 5, 25, 33), np.nan, np.float32)
    heat[0, 3:, :, 11:] = 1
    path = made.write(tmp_path / "a.b", heat, LOOK)
    assert path == tmp_path / "a.b.mp4"
    with av.open(str(path)) as film:
        assert film.streams.video[0].average_rate == 10
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]).astype(int)
    assert frames.shape == (5, 276, 2 * 33 * 11, 3)
    seen, covered = frames[:, 5:275:11, 5:363:11], frames[:, 5:275:11, 368::11]
    assert np.abs(seen.mean(3) - x.permute(1, 2, 3, 0).numpy().mean(3)).mean() < 10
    colour = np.ptp(covered, 3)
    assert colour[3:, :, 12:].mean() > 40
    assert colour[:3].mean() < 8
    assert colour[3:, :, :10].mean() < 8


@pytest.fixture
def of_frames(tmp_path: Path) -> tuple[str, Data]:
    """A folder of 5 images, and options of clips of 4 frames that are 2 apart."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(5):
        Image.fromarray(np.full((40, 60, 3), 40 * number, np.uint8)).save(folder / f"img_{number:05d}.png")
    return str(folder), Data(frames=4, frame_stride=2, size=32, resize=32)


def test_a_folder_tells_no_seconds_and_a_short_one_repeats_its_last(of_frames: tuple[str, Data]) -> None:
    path, data = of_frames
    options = Net(plan="micro", head="pooled", normalize="none", time_pools=[1, 1, 2])
    net: Any = build(options, data, 2)
    made = shown(net, options, data, path, torch.zeros(3, 4, 32, 48, dtype=torch.uint8))
    assert made.numbers == [0, 2, 4, 4]
    assert made.where(0, (1.0, 2.0, 3.0)) == {"frame": 2, "x": 3.0, "y": 2.0}
    assert made.rate == 25 / 2
