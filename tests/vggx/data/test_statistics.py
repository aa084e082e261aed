"""vggx.data.statistics: mean, standard deviation and covariance against numpy's, and against what is published."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vggx.data.batch import Batch
from vggx.data.colours import colour_shift
from vggx.data.statistics import measure, moments, unmeasured
from vggx.net import VGG, Normalise, PreparedNet
from vggx.options import DataOptions, NetOptions, PictureOptions

SIZES = (1, 7, 3, 16)  # batches of these many samples


def random_batches(channels: int, *shape: int, offset: float = 0.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    scale = torch.linspace(0.1, 2, channels).view(1, channels, *(1 for _ in shape))
    return [torch.randn(size, channels, *shape, generator=generator) * scale + scale + offset for size in SIZES]


@pytest.mark.parametrize("shape", [(5,), (4, 6), (2, 3, 4)])
def test_they_are_numpys_over_all_values(shape: tuple[int, ...]) -> None:
    batches = random_batches(3, *shape)
    values = np.concatenate([batch.numpy().astype(np.float64) for batch in batches])
    axes = (0, *range(2, values.ndim))
    found = moments(batches)
    np.testing.assert_allclose(found.mean, values.mean(axes), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.std, values.std(axes), rtol=0, atol=1e-6)
    by_channel = np.moveaxis(values, 1, 0).reshape(3, -1)
    np.testing.assert_allclose(found.covariance, np.cov(by_channel, ddof=0), rtol=0, atol=1e-6)


def test_one_value_for_all_channels() -> None:
    batches = random_batches(3, 4, 5)
    values = np.concatenate([batch.numpy().astype(np.float64) for batch in batches])
    found = moments(batches, whole=True)
    np.testing.assert_allclose((found.mean, found.std), ([values.mean()], [values.std()]), rtol=0, atol=1e-6)


def test_large_values_do_not_cancel() -> None:
    batches = [batch.double() + 1e6 for batch in random_batches(2, 8)]
    values = np.concatenate([batch.numpy() for batch in batches])
    found = moments(batches)
    np.testing.assert_allclose(found.mean, values.mean((0, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.std, values.std((0, 2)), rtol=1e-6)


def test_the_order_and_size_of_batches_do_not_matter() -> None:
    batches = random_batches(3, 4, 4)
    whole = torch.cat(batches)
    expected = moments(batches)
    for other in ([whole], list(whole.split(5)), batches[::-1], iter(batches), [whole[:0], *batches]):
        found = moments(other)
        np.testing.assert_allclose(found.mean, expected.mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.covariance, expected.covariance, rtol=0, atol=1e-12)


def test_bytes_are_counted_as_they_are() -> None:
    batch = torch.tensor([0, 255, 255, 0], dtype=torch.uint8).view(1, 1, 2, 2)
    found = moments([batch])
    assert (found.mean, found.std) == ([127.5], [127.5])


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="no readable sample to measure"):
        moments([])


def test_a_channel_that_never_changes_is_refused() -> None:
    batch = torch.stack([torch.rand(4, 8), torch.ones(4, 8)], 1)
    with pytest.raises(ValueError, match="a channel has the same value in all samples"):
        moments([batch])


def test_values_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same value in all samples \(standard deviations \[nan\]\)"):
        moments([torch.full((2, 1, 3), torch.nan)])


def test_fashion_mnists_published_mean_and_standard_deviation(shared_data: Path) -> None:
    from modalities.image.data import read_idx

    images = torch.from_numpy(read_idx(shared_data / "fashion_mnist" / "idx" / "train-images-idx3-ubyte.gz").copy())
    assert images.shape == (60_000, 28, 28)
    found = moments(part[:, None].float() / 255 for part in images.split(7000))
    assert found.mean == pytest.approx([0.2860], abs=1e-4)
    assert found.std == pytest.approx([0.3530], abs=1e-4)


class Halved(nn.Module):
    """(N, samples) -> (N, 2, samples) and the valid ones of them: the wave, and the half of it."""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        maps = torch.stack([x, x / 2], 1)
        return maps, None if lengths is None else torch.arange(x.shape[1]) < lengths[:, None]


@pytest.mark.parametrize("channels", [1, 2])
def test_what_pads_a_batch_is_not_measured(channels: int) -> None:
    draw = np.random.default_rng(0)
    waves = [draw.normal(3, 2, length).astype(np.float32) for length in (50, 20, 33, 7)]
    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(wave) for wave in waves[:3]], batch_first=True)
    batches = [
        Batch(padded, lengths=torch.tensor([50, 20, 33])),
        Batch(bad={"x.wav": "is empty"}),
        Batch(torch.from_numpy(waves[3])[None]),
    ]
    vgg = VGG((2, 50), 2, plan="micro", head="pooled")
    net = PreparedNet(vgg, Normalise([0.0] * channels, [1.0] * channels), Halved())
    options = NetOptions(normalize="dataset")
    measure(net, batches, options, DataOptions())
    values = np.concatenate(waves).astype(np.float64)
    values = np.stack([values, values / 2])
    axis = None if channels == 1 else 1
    np.testing.assert_allclose(options.mean, np.atleast_1d(values.mean(axis)), rtol=1e-6)
    np.testing.assert_allclose(options.std, np.atleast_1d(values.std(axis)), rtol=1e-6)
    assert net.normalise.mean.tolist() == pytest.approx(options.mean)
    assert net.normalise.std.tolist() == pytest.approx(options.std)


# what the options leave open


def pictures(channels: int = 3) -> list[dict[str, Tensor]]:
    """Batches of bytes whose channels go together, and have means and deviations of their own."""
    draw = np.random.default_rng(0)
    grey = draw.normal(0, 30, (12, 1, 6, 6))
    levels = np.linspace(90, 150, channels).reshape(-1, 1, 1)
    values = (levels + grey + draw.normal(0, 10, (12, channels, 6, 6))).clip(0, 255).astype(np.uint8)
    return [Batch(torch.from_numpy(part)) for part in np.split(values, 3)]


def pixel_net(options: NetOptions, data: PictureOptions, channels: int = 3) -> PreparedNet:
    vgg = VGG((channels, 8, 8), 2, plan="micro", head="pooled")
    mean, std = options.statistics(channels)
    return PreparedNet(vgg, Normalise(mean, std), augment=colour_shift(data, channels, std))


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_alone_leaves_the_papers_units(channels: int) -> None:
    """Bytes less the mean of all training bytes, and nothing else."""
    options, batches = NetOptions(normalize="mean"), pictures(channels)
    net = pixel_net(options, PictureOptions(), channels)
    measure(net, batches, options, PictureOptions())
    values = torch.cat([batch.input for batch in batches]).double()
    mean = values.mean((0, 2, 3))
    assert options.std == [1 / 255] * channels
    np.testing.assert_allclose(options.mean, mean / 255, rtol=1e-6)
    by_hand = values - mean.view(1, -1, 1, 1)
    np.testing.assert_allclose(net.normalise(values.byte()).numpy(), by_hand.numpy(), atol=1e-3)


def test_mean_alone_of_sound_leaves_log_mels_their_unit() -> None:
    class Sound(NetOptions):
        PIXELS = False

    assert Sound(normalize="mean").statistics(1) == ([0.0], [1.0])


def test_the_colours_are_measured_where_they_are_wanted_alone() -> None:
    covariance = np.cov(torch.cat([batch.input for batch in pictures()]).movedim(1, 0).flatten(1) / 255, ddof=0)
    for normalize in ("imagenet", "dataset", "mean", "none"):
        options, data = NetOptions(normalize=normalize), PictureOptions(colour_shift=0.1)
        assert unmeasured(options, data)
        before = options.statistics(3)
        net = pixel_net(options, data)
        measure(net, pictures(), options, data)
        np.testing.assert_allclose(data.rgb_covariance, covariance, rtol=1e-6)
        assert (options.mean is None) == (normalize in ("imagenet", "none"))
        assert net.normalise.std.tolist() == pytest.approx(before[1] if options.std is None else options.std)
        assert not unmeasured(options, data)
    plain = PictureOptions()
    measure(pixel_net(NetOptions(normalize="dataset"), plain), pictures(), NetOptions(normalize="dataset"), plain)
    assert plain.rgb_covariance is None


def test_what_is_given_is_not_measured() -> None:
    options, data = NetOptions(mean=[0.1, 0.2, 0.3], std=[1.0, 2.0, 3.0]), PictureOptions(colour_shift=0.1)
    given = np.diag([0.1, 0.2, 0.3]).tolist()
    measure(pixel_net(options, data), pictures(), options, data)
    assert (options.mean, options.std) == ([0.1, 0.2, 0.3], [1.0, 2.0, 3.0])
    other = PictureOptions(colour_shift=0.1, rgb_covariance=given)
    assert not unmeasured(options, other)
    measure(pixel_net(options, other), pictures(), options, other)
    assert other.rgb_covariance == given
