"""vggx.data.statistics: mean and standard deviation against numpy's, and against those that are published."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vggx.data.statistics import channel_statistics, measure
from vggx.net import VGG, Normalise, PreparedNet
from vggx.options import NetOptions

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
    mean, std = channel_statistics(batches)
    np.testing.assert_allclose(mean, values.mean(axes), rtol=0, atol=1e-6)
    np.testing.assert_allclose(std, values.std(axes), rtol=0, atol=1e-6)


def test_one_value_for_all_channels() -> None:
    batches = random_batches(3, 4, 5)
    values = np.concatenate([batch.numpy().astype(np.float64) for batch in batches])
    mean, std = channel_statistics(batches, whole=True)
    np.testing.assert_allclose((mean, std), ([values.mean()], [values.std()]), rtol=0, atol=1e-6)


def test_large_values_do_not_cancel() -> None:
    batches = [batch.double() + 1e6 for batch in random_batches(2, 8)]
    values = np.concatenate([batch.numpy() for batch in batches])
    mean, std = channel_statistics(batches)
    np.testing.assert_allclose(mean, values.mean((0, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, values.std((0, 2)), rtol=1e-6)


def test_the_order_and_size_of_batches_do_not_matter() -> None:
    batches = random_batches(3, 4, 4)
    whole = torch.cat(batches)
    expected = np.array(channel_statistics(batches))
    for other in ([whole], list(whole.split(5)), batches[::-1], iter(batches), [whole[:0], *batches]):
        np.testing.assert_allclose(channel_statistics(other), expected, rtol=0, atol=1e-12)


def test_bytes_are_counted_as_they_are() -> None:
    batch = torch.tensor([0, 255, 255, 0], dtype=torch.uint8).view(1, 1, 2, 2)
    assert channel_statistics([batch]) == ([127.5], [127.5])


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="no readable sample to measure"):
        channel_statistics([])


def test_a_channel_that_never_changes_is_refused() -> None:
    batch = torch.stack([torch.rand(4, 8), torch.ones(4, 8)], 1)
    with pytest.raises(ValueError, match="a channel has the same value in all samples"):
        channel_statistics([batch])


def test_values_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="channel"):
        channel_statistics([torch.full((2, 1, 3), torch.nan)])


def test_fashion_mnists_published_mean_and_standard_deviation(shared_data: Path) -> None:
    from modalities.image.data import read_idx

    images = torch.from_numpy(read_idx(shared_data / "fashion_mnist" / "idx" / "train-images-idx3-ubyte.gz").copy())
    assert images.shape == (60_000, 28, 28)
    (mean,), (std,) = channel_statistics(part[:, None].float() / 255 for part in images.split(7000))
    assert mean == pytest.approx(0.2860, abs=1e-4)
    assert std == pytest.approx(0.3530, abs=1e-4)


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
        {"input": padded, "lengths": torch.tensor([50, 20, 33])},
        {"input": None, "bad": {"x.wav": "is empty"}},
        {"input": torch.from_numpy(waves[3])[None]},
    ]
    vgg = VGG((2, 50), 2, plan="micro", head="pooled")
    net, options = PreparedNet(vgg, Normalise([0.0] * channels, [1.0] * channels), Halved()), NetOptions()
    measure(net, batches, options)
    values = np.concatenate(waves).astype(np.float64)
    values = np.stack([values, values / 2])
    axis = None if channels == 1 else 1
    np.testing.assert_allclose(options.mean, np.atleast_1d(values.mean(axis)), rtol=1e-6)
    np.testing.assert_allclose(options.std, np.atleast_1d(values.std(axis)), rtol=1e-6)
    assert net.normalise.mean.tolist() == pytest.approx(options.mean)
    assert net.normalise.std.tolist() == pytest.approx(options.std)
