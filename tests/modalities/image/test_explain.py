"""How images are shown with a heat over them: pixel upon pixel."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from modalities.image.explain import Picture

LOOK = {"cmap": "turbo", "alpha": 0.5, "vmin": 0.0, "vmax": 1.0}


@pytest.mark.parametrize("channels", [1, 3])
def test_the_heat_lies_over_the_picture_in_grey(channels: int) -> None:
    x = torch.randint(256, (channels, 20, 31), dtype=torch.uint8)
    made = Picture(x)
    assert made.caption == "31 x 20 pixels"
    axes = Figure().add_axes((0, 0, 1, 1))
    assert np.array_equal(made.draw(axes).get_array(), x.permute(1, 2, 0).expand(-1, -1, 3))
    axes = Figure().add_axes((0, 0, 1, 1))
    heat = np.random.rand(1, 20, 31).astype(np.float32)
    over = made.draw(axes, heat, LOOK)
    below = axes.images[0]
    assert np.array_equal(over.get_array(), heat[0])
    assert over.get_extent() == below.get_extent() == [-0.5, 30.5, 19.5, -0.5]  # so that ticks are pixels' middles
    if channels == 1:
        assert np.array_equal(below.get_array(), 128 + x[0] // 2)


def test_a_thin_picture_has_room_for_its_colour_bar() -> None:
    assert min(Picture(torch.zeros(1, 2000, 20, dtype=torch.uint8)).size) >= 1
