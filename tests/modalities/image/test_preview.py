"""How images are drawn: pixel by pixel as they are."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from modalities.image.options import Data, Net
from modalities.image.preview import panels
from vggx.data.batch import Batch


@pytest.mark.parametrize(("channels", "words"), [(1, "16 x 16 pixels, grey"), (3, "16 x 16 pixels, RGB")])
def test_pixels_are_drawn_as_they_are(channels: int, words: str) -> None:
    x = torch.randint(256, (5, channels, 16, 16), dtype=torch.uint8)
    found = panels(Net(), Data(size=16, channels=channels), Batch(x), train=True)
    assert found.caption == words
    for index in range(5):
        axes = Figure(figsize=found.size, dpi=100).add_axes((0, 0, 1, 1))
        image = found.draw(axes, index)
        assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0
        shown = np.asarray(image.to_rgba(image.get_array(), bytes=True))
        assert np.array_equal(shown[..., :3], np.broadcast_to(x[index].permute(1, 2, 0), (16, 16, 3)))


def test_colours_are_shown_shifted_in_training_alone() -> None:
    x = torch.randint(60, 190, (4, 3, 16, 16), dtype=torch.uint8)
    covariance = [[0.1, 0.08, 0.08], [0.08, 0.1, 0.08], [0.08, 0.08, 0.1]]
    data = Data(size=16, channels=3, colour_shift=0.5, rgb_covariance=covariance)
    torch.manual_seed(0)
    shown = panels(Net(), data, Batch(x), train=True)
    assert shown.caption == "16 x 16 pixels, RGB; colours shifted"
    moved = torch.from_numpy(shown.images).permute(0, 3, 1, 2).int() - x.int()
    for image in moved:
        assert all(len(channel.unique()) == 1 for channel in image)  # by as much in every pixel
    assert len({tuple(image[:, 0, 0].tolist()) for image in moved}) == 4
    measured_here = panels(Net(), Data(size=16, channels=3, colour_shift=0.5), Batch(x), train=True)
    assert measured_here.caption == "16 x 16 pixels, RGB; colours shifted, by the covariance of these alone"
    evaluated = panels(Net(), data, Batch(x), train=False)
    assert np.array_equal(evaluated.images, x.permute(0, 2, 3, 1))
    assert evaluated.caption == "16 x 16 pixels, RGB"
