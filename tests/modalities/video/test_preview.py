"""How clips are drawn: all frames side by side in order, with their numbers above, or evenly chosen ones."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from modalities.video.options import Data, Net
from modalities.video.preview import Panels, panels
from vggx.data.batch import Batch

SIDE, GAP = 56, 2


def made(frames: int, stride: int = 1, count: int = 2) -> tuple[torch.Tensor, Panels]:
    x = torch.randint(255, (count, 3, frames, SIDE, SIDE), dtype=torch.uint8)  # and never the white of a gap
    return x, panels(Net(), Data(size=SIDE, frames=frames, frame_stride=stride), Batch(x), train=False)


@pytest.mark.parametrize("frames", [1, 8, 16])
def test_every_frame_stands_in_its_place(frames: int) -> None:
    x, found = made(frames)
    for index in range(2):
        strip = found.draw(Figure().add_axes((0, 0, 1, 1)), index).get_array()
        assert strip.shape == (SIDE, frames * SIDE + (frames - 1) * GAP, 3)
        for frame in range(frames):
            start = frame * (SIDE + GAP)
            assert np.array_equal(strip[:, start : start + SIDE], x[index, :, frame].permute(1, 2, 0))
            assert (strip[:, start + SIDE : start + SIDE + GAP] == 255).all()


def test_numbers_above_are_frames_of_the_file() -> None:
    _, found = made(8, stride=4)
    axes = Figure().add_axes((0, 0, 1, 1))
    found.draw(axes, 0)
    assert axes.xaxis.get_ticks_position() == "top"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "4", "8", "12", "16", "20", "24", "28"]
    assert axes.get_xticks()[2] == 2 * (SIDE + GAP) + (SIDE - 1) / 2  # over the middle of its frame
    assert found.caption.startswith(f"8 frames of {SIDE} x {SIDE} pixels; numbers: frames of the file")


def test_of_a_long_clip_even_frames_are_shown() -> None:
    x, found = made(64, stride=2)
    axes = Figure().add_axes((0, 0, 1, 1))
    strip = found.draw(axes, 0).get_array()
    chosen = [int(label.get_text()) // 2 for label in axes.get_xticklabels()]
    assert len(chosen) == 16
    assert (chosen[0], chosen[-1]) == (0, 63)
    assert set(np.diff(chosen)) <= {4, 5}
    for place, frame in enumerate(chosen):
        start = place * (SIDE + GAP)
        assert np.array_equal(strip[:, start : start + SIDE], x[0, :, frame].permute(1, 2, 0))
    assert "64 frames" in found.caption
    assert "16 of them shown" in found.caption


@pytest.mark.parametrize(("count", "columns", "height"), [(4, 1, 0.8), (16, 1, 0.8), (64, 2, 0.55)])
def test_a_panel_has_the_shape_of_its_strip(count: int, columns: int, height: float) -> None:
    _, found = made(8, count=count)
    strip = found.draw(Figure().add_axes((0, 0, 1, 1)), 0).get_array()
    assert (found.columns, found.size[1]) == (columns, height)
    assert found.size[0] / found.size[1] == pytest.approx(strip.shape[1] / strip.shape[0])
