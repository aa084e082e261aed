"""vggx.inference.views: mirror images and crops, and the scores of them."""

import pytest
import torch
from torch import nn
from torchvision.transforms.v2 import functional as F

from vggx.inference.views import by_shape, crop_views, crops, dense_views, mirrored, spread
from vggx.net import VGG, Normalise, PreparedNet


class Means(nn.Module):
    """(N, C, ...) -> (N, 2): the mean of a view and minus it, so that answers tell views apart."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.float().flatten(1).mean(1)
        return torch.stack([mean, -mean], 1)


def test_four_corners_and_the_middle_are_torchvisions_five_crops() -> None:
    x = torch.randint(0, 256, (3, 40, 52), dtype=torch.uint8)
    ours = list(crops(x, 32, 3, 3))
    top_left, top_right, bottom_left, bottom_right, centre = F.five_crop(x, [32, 32])
    for place, expected in {0: top_left, 2: top_right, 6: bottom_left, 8: bottom_right, 4: centre}.items():
        assert torch.equal(ours[place], expected)


def test_three_crops_of_a_clip_lie_along_its_longer_side() -> None:
    assert spread(torch.zeros(1, 3, 8, 40, 60), None, 3) == (1, 3)
    assert spread(torch.zeros(1, 3, 8, 60, 40), None, 3) == (3, 1)
    assert spread(torch.zeros(1, 3, 8, 60, 40), 5, 3) == (5, 5)


def test_a_picture_smaller_than_a_crop_is_refused() -> None:
    with pytest.raises(ValueError, match="crops of 32 x 32 cannot be cut out of 40 x 30"):
        next(crops(torch.zeros(3, 40, 30), 32, 5, 5))


def test_fifty_crops_a_scale_and_150_of_three() -> None:
    pictures = [torch.rand(1, 3, scale // 4, scale // 4 + 9) for scale in (256, 384, 512)]
    found = [crop_views(Means(), x, 56, grid=5, along=1, flip=True) for x in pictures]
    assert [scores.shape for scores in found] == [(1, 50, 2)] * 3
    assert torch.cat(found, 1).shape[1] == 150


def test_the_answers_to_crops_are_those_to_each_by_itself() -> None:
    x = torch.rand(2, 3, 12, 20)
    answers = crop_views(Means(), x, 8, grid=2, along=1, flip=False, most=5)
    expected = torch.stack([Means()(x[..., y : y + 8, z : z + 8]) for y in (0, 4) for z in (0, 12)], 1)
    torch.testing.assert_close(answers, expected)


def test_mirrored_views_average() -> None:
    net = PreparedNet(VGG((3, 16, 16), 4, plan="micro", width=0.25, head="pooled"), Normalise([0.5], [0.25])).eval()
    x = torch.rand(2, 3, 24, 40)
    scores = dense_views(net, x, flip=True)
    assert scores.shape == (2, 2, 4)
    torch.testing.assert_close(scores[:, 0], net(x))
    torch.testing.assert_close(scores[:, 1], net(F.horizontal_flip(x)))
    torch.testing.assert_close(dense_views(net, x.flip(-1), flip=True).mean(1), scores.mean(1))
    assert [view.shape for view in mirrored(x, False)] == [x.shape]


def test_pictures_of_one_shape_go_together() -> None:
    pictures = [torch.full((1, 4, side), value) for value, side in enumerate((4, 6, 4, 8, 6))]
    found = {tuple(places): x for places, x in by_shape(pictures)}
    assert {places: tuple(x.shape) for places, x in found.items()} == {
        (0, 2): (2, 1, 4, 4), (1, 4): (2, 1, 4, 6), (3,): (1, 1, 4, 8)
    }  # fmt: skip
    assert found[1, 4][:, 0, 0, 0].tolist() == [1, 4]
