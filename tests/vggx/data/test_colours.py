"""vggx.data.colours: AlexNet's shift against its formula, numpy's eigenvalues and ImageNet's published ones."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor

from modalities.image.options import Data, Net
from modalities.video.options import Data as VideoData
from modalities.video.options import Net as VideoNet
from vggx.data.colours import ColourShift, colour_shift, principal_colours
from vggx.data.statistics import moments
from vggx.net import PreparedNet
from vggx.options import IMAGENET, PictureOptions

# of fb.resnet.torch, and of those who took them from it: eigenvectors are columns, of values of 0..1
VALUES = np.array([0.2175, 0.0188, 0.0045])
VECTORS = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
COVARIANCE = (VECTORS * VALUES @ VECTORS.T).tolist()


def shift(std: float = 0.1, channel_std: list[float] | None = None) -> ColourShift:
    found = colour_shift(PictureOptions(colour_shift=std, rgb_covariance=COVARIANCE), 3, channel_std or [1.0] * 3)
    assert found is not None
    return found


def drawn(module: ColourShift, count: int = 20_000) -> np.ndarray:
    """(count, 3): what is added to samples of one pixel."""
    torch.manual_seed(0)
    return module(torch.zeros(count, 3, 1, 1)).flatten(1).double().numpy()


def test_imagenets_published_components_are_those_of_their_covariance() -> None:
    values, vectors = principal_colours(COVARIANCE)
    np.testing.assert_allclose(values, VALUES, atol=2e-5)
    np.testing.assert_allclose(np.abs(vectors), np.abs(VECTORS), atol=2e-3)
    assert (vectors[0] > 0).all()
    # they are of values of 0..1: their sum is the variance of ImageNet's pixels, whose deviation is about 0.28
    assert values.sum() / 3 == pytest.approx(0.28**2, rel=0.03)


def test_the_components_of_a_photograph_are_numpys() -> None:
    pixels = load_sample_image("flower.jpg").reshape(-1, 3).T / 255
    found = moments([torch.from_numpy(pixels)[None]])
    values, vectors = principal_colours(found.covariance)
    expected = np.linalg.eigvalsh(np.cov(pixels, ddof=0))
    np.testing.assert_allclose(values, expected[::-1], rtol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-12)
    # along a component the pixels have its variance
    np.testing.assert_allclose((vectors.T @ pixels).var(1), values, rtol=1e-9)


def test_colours_that_lie_in_a_plane_have_no_negative_variance() -> None:
    """Of pictures whose channels hang on each other rounding may bring one below 0."""
    values, _ = principal_colours(np.diag([0.1, 1.0, -1e-9]).tolist())
    assert values.tolist() == [1.0, 0.1, 0.0]


@pytest.mark.parametrize("std", [0.1, 0.5])
def test_shifts_have_the_covariance_of_the_formula(std: float) -> None:
    """P diag((std lambda)^2) P^T, within the spread of 20,000 draws, and mean 0."""
    found = drawn(shift(std))
    values, vectors = principal_colours(COVARIANCE)
    expected = vectors * (std * values) ** 2 @ vectors.T
    np.testing.assert_allclose(np.cov(found.T), expected, atol=0.04 * expected.max())
    np.testing.assert_allclose(np.std(found @ vectors, axis=0), std * values, rtol=0.03)
    np.testing.assert_allclose(found.mean(0), 0, atol=0.03 * std * values[0])


def test_a_tenth_moves_a_picture_of_imagenet_by_some_grey_levels() -> None:
    _, vectors = principal_colours(COVARIANCE)
    assert 255 * np.std(drawn(shift()) @ vectors[:, 0]) == pytest.approx(5.5, abs=0.2)


@pytest.mark.parametrize("channel_std", [IMAGENET[1], [1 / 255] * 3])
def test_the_pixels_move_as_far_whatever_they_are_divided_by(channel_std: list[float]) -> None:
    np.testing.assert_allclose(drawn(shift(0.1, channel_std)) * channel_std, drawn(shift()), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("shape", [(4, 3, 5, 6), (4, 3, 7, 5, 6)])
def test_each_sample_has_one_shift_for_all_its_pixels_and_frames(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape)
    added = (shift()(x) - x).flatten(2)
    torch.testing.assert_close(added, added[..., :1].expand_as(added), rtol=0, atol=1e-6)
    assert len({tuple(row) for row in added[..., 0].tolist()}) == 4


def test_the_same_seed_gives_the_same_shifts() -> None:
    x = torch.rand(4, 3, 5, 6)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(shift()(x))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_low_precision_does_not_round_it() -> None:
    x = torch.rand(4, 3, 5, 6)
    torch.manual_seed(0)
    expected = shift()(x)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(shift()(x), expected)


NETS = {"image": (Net, Data, {"size": 16, "channels": 3}), "video": (VideoNet, VideoData, {"size": 16, "frames": 8})}


def net_of(modality: str, **changes: object) -> PreparedNet:
    net_type, data_type, given = NETS[modality]
    from modalities.image.net import build
    from modalities.video.net import build as build_video

    made = {"image": build, "video": build_video}[modality]
    options = net_type(plan="micro", head="pooled", norm="none", normalize="imagenet")
    return made(options, data_type(**given, **changes), 2)  # type: ignore[operator]


@pytest.mark.parametrize("modality", list(NETS))
def test_a_net_shifts_in_training_alone(modality: str) -> None:
    torch.manual_seed(0)
    net = net_of(modality, colour_shift=0.1, rgb_covariance=COVARIANCE)
    x: Tensor = torch.randint(256, (2, 3, *([8] if modality == "video" else []), 16, 16), dtype=torch.uint8)
    plain = net.normalise(x)
    added = (net.train().eaten(x)[0] - plain).flatten(2) * torch.tensor(IMAGENET[1]).view(1, 3, 1)
    torch.testing.assert_close(added, added[..., :1].expand_as(added), rtol=0, atol=1e-6)
    assert 0 < added.abs().max() < 0.2
    assert torch.equal(net.eval().eaten(x)[0], plain)


@pytest.mark.parametrize("modality", list(NETS))
def test_its_weights_are_those_of_a_net_without(modality: str) -> None:
    net = net_of(modality, colour_shift=0.1, rgb_covariance=COVARIANCE)
    assert list(net.state_dict()) == list(net_of(modality).state_dict())
    assert net_of(modality, colour_shift=0.0).augment is None


def test_grey_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.colour_shift=0.1 moves RGB .*channels=1.*colour_shift=0"):
        colour_shift(PictureOptions(colour_shift=0.1), 1, [1.0])


def test_a_negative_deviation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.colour_shift=-0.1 must be positive; 0 is off"):
        colour_shift(PictureOptions(colour_shift=-0.1), 3, [1.0] * 3)


@pytest.mark.parametrize(
    "covariance",
    [
        [[1.0, 0.0], [0.0, 1.0]],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]],
        [[1.0], [0.0, 1.0]],
        [],
    ],
)
def test_what_is_no_covariance_of_colours_is_refused(covariance: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.rgb_covariance"):
        principal_colours(covariance)
