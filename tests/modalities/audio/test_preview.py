"""How sounds are drawn: a tone stands at its frequency and time, masks and padding are seen as such."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from modalities.audio.preview import Panels, panels
from vggx import configs, settings
from vggx.data.batch import Batch
from vggx.options import Modality
from vggx.report.sheets import sheet


def options(frontend: str = "logmel", **changes: Any) -> Modality:
    config = OmegaConf.create({"modality": configs.load("modality/audio")})
    common = {"net.frontend": frontend, "net.plan": "micro", "net.head": "pooled", "data.root": "somewhere"}
    for key, value in (common | {key.replace("__", "."): value for key, value in changes.items()}).items():
        OmegaConf.update(config, f"modality.{key}", value)
    return settings.resolve(config).modality


def made(modality: Modality, x: torch.Tensor, lengths: Any = None, *, train: bool = False) -> Panels:
    batch = Batch(x, lengths=None if lengths is None else torch.tensor(lengths))
    return panels(modality.net, modality.data, batch, train)


def drawn(found: Panels, index: int) -> tuple[Axes, Any]:
    axes = Figure(figsize=found.size).add_axes((0.1, 0.1, 0.8, 0.8))
    return axes, found.draw(axes, index)


def numbers(axes: Axes, axis: str) -> list[float]:
    axes.figure.draw_without_rendering()
    labels = axes.get_xticklabels() if axis == "x" else axes.get_yticklabels()
    return [float(label.get_text()) for label in labels]


@pytest.mark.parametrize("frontend", ["logmel", "vggish", "panns", "ast", "librosa"])
@pytest.mark.parametrize("hertz", [440.0, 1000.0, 3000.0])
def test_a_tone_stands_at_its_frequency_and_time(frontend: str, hertz: float) -> None:
    modality = options(frontend)
    rate = modality.data.sample_rate
    time = torch.arange(rate) / rate
    tone = torch.sin(2 * torch.pi * hertz * time) * ((time >= 0.5) & (time < 0.6))
    found = made(modality, tone[None])
    axes, image = drawn(found, 0)
    loud = image.get_array()
    band, step = np.unravel_index(loud.argmax(), loud.shape)
    left, right, bottom, top = image.get_extent()
    assert (bottom, top) == (-0.5, loud.shape[0] - 0.5)
    # its band is the nearest by the numbers at the axis
    nearest = np.interp(hertz, numbers(axes, "y"), axes.get_yticks())
    assert abs(band - np.interp(hertz, found.centres, np.arange(len(found.centres)))) <= 0.6
    assert abs(band - nearest) < len(found.centres) / 12  # straight between five numbers is not quite mel
    # its half of full power is where it begins and ends
    row = loud[band]
    inside = np.flatnonzero(row > (row.max() + np.ma.median(row)) / 2)
    column = (right - left) / loud.shape[1]
    window = {"logmel": 1024, "vggish": 400, "panns": 1024, "ast": 400, "librosa": 2048}[frontend] / rate
    for edge, at in ((inside[0], 0.5), (inside[-1], 0.6)):
        assert left + (edge + 0.5) * column == pytest.approx(at, abs=window / 2 + column)
    middle = (inside[0] + inside[-1]) / 2
    assert left + (middle + 0.5) * column == pytest.approx(0.55, abs=column)
    assert left + (step + 0.5) * column == pytest.approx(0.55, abs=0.05 + window)


def test_numbers_at_the_axes_are_seconds_and_hertz() -> None:
    from librosa import mel_frequencies

    modality = options(net__mels=40, net__n_fft=2048, net__f_min=50.0, net__f_max=7000.0, data__seconds=2.0)
    axes, _ = drawn(made(modality, torch.randn(3, 32000)), 1)
    centres = mel_frequencies(42, fmin=50, fmax=7000, htk=True)[1:-1]
    assert axes.get_yticks().tolist() == [0, 10, 20, 29, 39]
    assert numbers(axes, "y") == [round(centres[band]) for band in (0, 10, 20, 29, 39)]
    seconds = numbers(axes, "x")
    assert seconds[0] == 0
    assert 1.5 <= seconds[-1] < 1.95
    assert numbers(axes, "x") == pytest.approx(axes.get_xticks())
    assert axes.get_xlabel() == "time, s"
    assert axes.get_ylabel() == "centre of the band, Hz"
    slaney = made(options(net__mel_scale="slaney", net__n_fft=2048), torch.randn(1, 16000)).centres
    assert slaney == pytest.approx(mel_frequencies(66, fmin=0, fmax=8000)[1:-1])


def test_pooled_bands_have_the_mean_of_what_they_hold() -> None:
    modality = options(net__frequency="pooled", net__bands=4, net__mels=40)
    found = made(modality, torch.randn(2, 16000))
    assert found.maps.shape[:2] == (2, 4)
    whole = made(options(net__mels=40), torch.randn(1, 16000)).centres
    assert found.centres == pytest.approx(whole.reshape(4, 10).mean(1))
    axes, _ = drawn(found, 0)
    assert numbers(axes, "y") == found.centres.round().tolist()


def test_what_is_drawn_is_what_the_net_eats() -> None:
    modality = options(net__mean=[-3.0], net__std=[2.0])
    x = torch.randn(2, 16000)
    found = made(modality, x)
    maps, valid = modality.build(1).eval().eaten(x)
    assert valid is None
    assert np.array_equal(found.maps, maps.numpy())
    assert (found.caption, found.colours) == ("", "log-mel, standard deviations from the mean")
    assert made(options(net__normalize="none"), x).colours == "log-mel"
    measured = made(options(), x)
    assert (measured.maps.mean(), measured.maps.std()) == pytest.approx((0, 1), abs=1e-5)
    assert measured.caption == "mean and standard deviation: of these clips alone"


def test_padding_is_left_undrawn_over_hatches() -> None:
    modality = options(net__mean=[-3.0], net__std=[2.0])
    x = torch.randn(2, 16000)
    found = made(modality, x, [16000, 8000])
    assert found.caption == "hatched: padding, which the net leaves out"
    steps = 8000 // 160 + 1
    assert not found.maps[0].mask.any()
    assert not found.maps[1].mask[:, :steps].any()
    assert found.maps[1].mask[:, steps:].all()
    alone = made(modality, x[1:, :8000])
    np.testing.assert_allclose(found.maps[1][:, :steps], alone.maps[0], atol=1e-5)
    axes, image = drawn(found, 1)
    assert axes.patch.get_hatch() == "////"
    assert image.get_cmap().get_bad()[3] == 0  # so that the hatches are seen
    # silence up to the least that the net takes is no padding
    assert made(modality, torch.randn(2, 160), [160, 100]).caption == ""


def test_masks_are_drawn_in_training_alone() -> None:
    modality = options(data__frequency_mask=20, data__time_mask=30, net__mean=[-3.0], net__std=[2.0])
    x = torch.randn(4, 16000)
    whole, masked = made(modality, x), made(modality, x, train=True)
    changed = masked.maps != whole.maps
    assert changed.any()
    assert (masked.maps[changed] == 0).all()
    assert masked.caption == "bars: masks of SpecAugment"
    assert whole.caption == ""


def test_recordings_of_different_lengths(shared_data: Path) -> None:
    files = sorted((shared_data / "fsdd/recordings").glob("7_*_3.wav"))
    waves = [torch.from_numpy(soundfile.read(file, dtype="float32")[0]) for file in files]
    modality = options(data__sample_rate=8000, net__n_fft=256, net__hop=80, net__mels=40)
    lengths = [len(wave) for wave in waves]
    found = made(modality, torch.nn.utils.rnn.pad_sequence(waves, batch_first=True), lengths)
    assert len(set(lengths)) == len(files) == 6
    for index, length in enumerate(lengths):
        _, image = drawn(found, index)
        left, right, *_ = image.get_extent()
        valid = int((~image.get_array().mask[0]).sum())
        assert left == pytest.approx(-0.005)
        # the last window that is the recording's is centred in it
        assert left + (valid - 0.5) * 0.01 <= length / 8000 < left + (valid + 0.5) * 0.01
        assert right == pytest.approx(left + image.get_array().shape[1] * 0.01)


@pytest.mark.parametrize(("seconds", "count"), [(0.5, 4), (1.0, 5), (7.0, 9)])
def test_numbers_of_neighbours_do_not_run_into_each_other(seconds: float, count: int) -> None:
    modality = options(data__seconds=seconds)
    found = made(modality, torch.randn(count, *modality.data.input_shape()))
    figure = sheet(found, [("a", f"{number}.wav") for number in range(count)], "sounds")
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])
