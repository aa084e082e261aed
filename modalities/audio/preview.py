"""(N, samples) waveforms -> spectrograms as the net eats them, drawn on axes that the report hands over."""

from typing import Any

import numpy as np
import torch
from librosa import mel_frequencies
from torch import Tensor
from torch.nn import functional as F

from modalities.audio.net import build, make_frontend
from modalities.audio.options import Data, Net
from vggx.data.batch import Batch
from vggx.data.statistics import measure
from vggx.options import given

LABELS = 5  # bands whose frequency stands at the axis


class Panels:
    """Normalised maps, masked in training as the options say; see `vggx.report.sheets.Panels`.

    Args:
        maps, valid: (N, F, T), and (N, T) or None.
        centres: of the F bands, Hz.
        ends: of the time axis, seconds.
        caption, colours: as `vggx.report.sheets.Panels` has them.
    """

    columns, beside, size = 8, False, (2.7, 1.5)

    def __init__(
        self,
        maps: Tensor,
        valid: Tensor | None,
        centres: np.ndarray,
        ends: tuple[float, float],
        caption: str,
        colours: str,
    ):
        padding = np.zeros(maps.shape, bool) if valid is None else (~valid)[:, None].expand_as(maps).numpy()
        self.maps = np.ma.masked_array(maps.numpy(), padding)
        self.centres, self.ends, self.caption, self.colours = centres, ends, caption, colours

    def draw(self, axes: Any, index: int) -> Any:
        bands = len(self.centres)
        shown = np.linspace(0, bands - 1, min(bands, LABELS)).round().astype(int)
        axes.set_yticks(shown, [f"{self.centres[band]:.0f}" for band in shown])
        start, end = self.ends
        ticks = axes.xaxis.get_major_locator().tick_values(start, end)
        # a number at the end would run into the next panel's first
        axes.set_xticks([tick for tick in ticks if start <= tick < end - 0.05 * (end - start)])
        axes.tick_params(labelsize=6.5, length=2, pad=2)
        axes.set_xlabel("time, s", fontsize=7, labelpad=2)
        axes.set_ylabel("centre of the band, Hz", fontsize=7, labelpad=2)
        axes.patch.set(facecolor="#eeeeee", edgecolor="#bbbbbb", hatch="////")  # to be seen where the map is masked
        extent = (*self.ends, -0.5, bands - 0.5)
        return axes.imshow(self.maps[index], origin="lower", aspect="auto", extent=extent, cmap="magma")


def band_centres(options: Net, data: Data) -> np.ndarray:
    """(F,) Hz: the frequencies at which the mel bands are greatest; of pooled bands the means over what each holds."""
    top = given(data.sample_rate, "sample_rate") / 2 if options.f_max is None else options.f_max
    edges = given(options.mels, "mels") + 2
    centres = mel_frequencies(edges, fmin=options.f_min or 0, fmax=top, htk=options.mel_scale != "slaney")[1:-1]
    if options.frequency == "channels":
        return centres
    return F.adaptive_avg_pool1d(torch.from_numpy(centres)[None], options.rows())[0].numpy()


def panels(options: Net, data: Data, batch: Batch, train: bool) -> Panels:
    """What the net eats of the batch, in training mode if `train`.

    Mean and standard deviation are the net's where they are known, else those of this batch.
    """
    net = build(options, data, 1).train(train)
    notes = []
    if options.measures_input():
        measure(net, [batch], options, data)
        notes.append("mean and standard deviation: of these clips alone")
    with torch.no_grad():
        maps, valid = net.eaten(batch.input, batch.lengths)
    if train and net.augment is not None:
        notes.append("bars: masks of SpecAugment")
    if valid is not None and not valid.all():
        notes.append("hatched: padding, which the net leaves out")
    frontend, rate = make_frontend(options, data), given(data.sample_rate, "sample_rate")
    # a column stands for the middle of its window
    start = (frontend.size - frontend.hop) / 2 - frontend.pad
    ends = start / rate, (start + maps.shape[2] * frontend.hop) / rate
    unit = "from the mean" if options.normalize == "mean" else "standard deviations from the mean"
    colours = "log-mel" if options.mean is None else f"log-mel, {unit}"
    return Panels(maps, valid, band_centres(options, data), ends, "; ".join(notes), colours)
