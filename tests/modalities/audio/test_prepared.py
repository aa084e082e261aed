"""Nets with every front-end: a batch of clips is answered as each alone; floors, presets and state-dict keys."""

from itertools import product
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from modalities.audio.frontend import FRONTENDS
from modalities.audio.net import build
from modalities.audio.options import Data, Net
from vggx.net import PreparedNet

# samples; the shortest are padded up to what the net needs
LENGTHS = [90, 8000, 2500, 4001, 1]


def net(name: str = "logmel", rate: int | None = None, **given: Any) -> PreparedNet:
    own = FRONTENDS[name].PUBLISHED or {"sample_rate": 8000, "n_fft": 256, "hop": 80, "mels": 40}
    structure = {"plan": "micro", "norm": "none", "head": "pooled", "dropout": 0.0, "bands": 8}
    settings = {key: value for key, value in own.items() if key != "sample_rate"}
    torch.manual_seed(0)
    where = Data(sample_rate=rate or own["sample_rate"], seconds=1.0)
    return build(Net(frontend=name, **structure | settings | given), where, 5).eval()


def noise(samples: int) -> torch.Tensor:
    return torch.randn(3, samples, generator=torch.Generator().manual_seed(1))


def randomised(found: PreparedNet) -> PreparedNet:
    """Batch norms with statistics that are not 0 and 1, so that padding would show."""
    torch.manual_seed(3)
    for module in found.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return found


def check_as_alone(found: PreparedNet) -> None:
    draw = torch.Generator().manual_seed(5)
    clips = [10 ** (-3 * torch.rand((), generator=draw)) * torch.randn(n, generator=draw) for n in LENGTHS]
    with torch.no_grad():
        together = found(pad_sequence(clips, batch_first=True), torch.tensor(LENGTHS))
        alone = torch.cat([found(clip[None]) for clip in clips])
        told = torch.cat([found(clip[None], torch.tensor([len(clip)])) for clip in clips])
    assert alone.std(0).min() > 1e-3  # the clips are not all answered alike
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    torch.testing.assert_close(told, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", list(FRONTENDS))
@pytest.mark.parametrize(
    ("frequency", "norm", "head"), list(product(["channels", "pooled"], ["none", "batch"], ["fc", "pooled"]))
)
@pytest.mark.parametrize("levels", [{}, {"floor_db": 40.0}, {"floor_db": 30.0, "subtract_mean": True}])
def test_clips_of_a_batch_are_answered_as_alone(
    name: str, frequency: str, norm: str, head: str, levels: dict[str, Any]
) -> None:
    unit = FRONTENDS[name].DECIBEL
    statistics = {"mean": [-20 * unit], "std": [20 * unit]}
    check_as_alone(randomised(net(name, frequency=frequency, norm=norm, head=head, **statistics, **levels)))


def test_a_grid_of_several_steps_asks_for_longer_clips() -> None:
    found = net(head="fc", grid=[3])
    assert found.prepare.steps(1) == 3 * 8
    check_as_alone(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("logmel", 4.60517), ("vggish", 2.302585), ("panns", 20.0), ("ast", 4.60517), ("librosa", 20.0)],
)
def test_the_floor_is_in_decibels_whatever_the_logarithm(name: str, expected: float) -> None:
    """20 dB are a tenth of the amplitude: ln 100 of power, ln 10 of magnitude, 20 of decibels."""
    silent = noise(8000) * (torch.arange(8000) < 4000)
    maps, _ = net(name, floor_db=20.0).prepare(silent)
    torch.testing.assert_close(maps.amax((1, 2)) - maps.amin((1, 2)), torch.full((3,), expected))


def test_means_are_taken_from_every_band() -> None:
    maps, _ = net(subtract_mean=True).prepare(noise(8000))
    torch.testing.assert_close(maps.mean(2), torch.zeros(3, 40), rtol=0, atol=1e-5)
    assert maps.std(2).min() > 0.1


@pytest.mark.parametrize("floor", [0.0, -40.0])
def test_a_floor_above_the_loudest_cell_is_refused(floor: float) -> None:
    with pytest.raises(ValueError, match=rf"modality\.net\.floor_db must be more than 0 dB .*, not {floor}"):
        net(floor_db=floor)


@pytest.mark.parametrize(("changes", "said"), [({"n_fft": 1024}, "n_fft=512, got 1024"), ({"f_min": 0.0}, "f_min=125")])
def test_a_setting_that_contradicts_the_published_front_end_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"frontend=vggish fixes {said}"):
        net("vggish", **changes)


def test_a_rate_that_contradicts_the_published_front_end_is_refused() -> None:
    with pytest.raises(ValueError, match="frontend=vggish fixes sample_rate=16000, got 8000"):
        net("vggish", rate=8000)


def test_keys_of_the_front_end_in_a_net() -> None:
    """They stand in the net files of every run."""
    keys = ["spectrogram.spectrogram.window", "spectrogram.mel_scale.fb"]
    for frequency, before in {"channels": "prepare.", "pooled": "prepare.0."}.items():
        found = [key for key in net(frequency=frequency).state_dict() if key.startswith("prepare")]
        assert found == [before + key for key in keys]
