"""batches (N, C, *S) -> mean (C,), covariance (C, C): true over all values seen, in one pass and in float64."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from vggx.data.batch import Batch
from vggx.data.colours import ColourShift
from vggx.net import PreparedNet, scaled
from vggx.options import DataOptions, NetOptions, PictureOptions

MEASURING = "mean and standard deviation of the training split"


@dataclass(frozen=True)
class Moments:
    """Of every channel, or of all channels as one.

    Attributes:
        mean: (C,)
        covariance: (C, C)
    """

    mean: list[float]
    covariance: list[list[float]]

    @property
    def std(self) -> list[float]:
        """(C,)"""
        return [row[channel] ** 0.5 for channel, row in enumerate(self.covariance)]


def moments(batches: Iterable[Tensor], *, whole: bool = False) -> Moments:
    """Mean and covariance of the channels, or of all channels together if `whole`.

    Sums are shifted by the first batch's mean, so that products of large values do not cancel.

    Raises:
        ValueError: no values, or a channel that never changes.
    """
    count, shift = 0, torch.zeros(())
    total = products = torch.zeros(())
    for batch in batches:
        values = batch.double().movedim(1, 0).flatten(1)
        values = values.reshape(1, -1) if whole else values
        if count == 0:
            shift = values.mean(1, keepdim=True)
            total, products = torch.zeros_like(shift[:, 0]), values.new_zeros(len(values), len(values))
        count += values.shape[1]
        values = values - shift
        total = total + values.sum(1)
        products = products + values @ values.T
    if count == 0:
        raise ValueError("no readable sample to measure the mean and standard deviation on")
    mean = total / count
    covariance = products / count - mean[:, None] * mean
    if not bool((covariance.diagonal() > 0).all()):
        std = covariance.diagonal().clamp(min=0).sqrt()
        raise ValueError(f"a channel has the same value in all samples (standard deviations {std.tolist()})")
    return Moments((mean + shift[:, 0]).tolist(), covariance.tolist())


def input_moments(net: PreparedNet, batches: Iterable[Batch]) -> Moments:
    """Of what the net eats of these batches, before it is normalised."""
    with torch.no_grad():
        inputs = (valid_input(net, batch) for batch in batches if batch.input is not None)
        return moments(inputs, whole=len(net.normalise.mean) == 1)


def unmeasured(net: NetOptions, data: DataOptions) -> bool:
    """Whether the options leave something to `measure`."""
    return net.measures_input() or data.measures_colours()


def measure(net: PreparedNet, batches: Iterable[Batch], options: NetOptions, data: DataOptions) -> None:
    """Measure on these batches what the options leave open of the net's input, into the net and the options."""
    found = input_moments(net, batches)
    if options.measures_input():
        _, unit = options.statistics(len(found.mean))
        options.mean, options.std = found.mean, unit if options.normalize == "mean" else found.std
        net.normalise.mean.copy_(torch.tensor(options.mean))
        net.normalise.std.copy_(torch.tensor(options.std))
    if isinstance(data, PictureOptions) and data.measures_colours():
        data.rgb_covariance = found.covariance
    if isinstance(net.augment, ColourShift) and isinstance(data, PictureOptions) and data.rgb_covariance is not None:
        # as the option has it, in float64, by which the net of a resumed run is built
        _, std = options.statistics(len(found.mean))
        net.augment.adapt(data.rgb_covariance, std)


def valid_input(net: PreparedNet, batch: Batch) -> Tensor:
    """A batch before it is normalised, (N, C, *S), or of its padded clips the valid steps alone, (steps, C)."""
    x, valid = net.prepared(batch.input, batch.lengths)
    return scaled(x) if valid is None else x.movedim(1, -1)[valid]
