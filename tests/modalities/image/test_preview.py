"""How images are drawn: pixel by pixel as they are."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from modalities.image.options import Data, Net
from modalities.image.preview import panels


@pytest.mark.parametrize(("channels", "words"), [(1, "16 x 16 pixels, grey"), (3, "16 x 16 pixels, RGB")])
def test_pixels_are_drawn_as_they_are(channels: int, words: str) -> None:
    x = torch.randint(256, (5, channels, 16, 16), dtype=torch.uint8)
    found = panels(Net(), Data(size=16, channels=channels), {"input": x}, train=True)
    assert found.caption == words
    for index in range(5):
        axes = Figure(figsize=found.size, dpi=100).add_axes((0, 0, 1, 1))
        image = found.draw(axes, index)
        assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0
        shown = np.asarray(image.to_rgba(image.get_array(), bytes=True))
        assert np.array_equal(shown[..., :3], np.broadcast_to(x[index].permute(1, 2, 0), (16, 16, 3)))
