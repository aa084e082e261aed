"""modalities.audio.augment: every change measured back on sounds written here and on real ones, and its seed."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchaudio.transforms import FrequencyMasking, TimeMasking

from modalities.audio.augment import SpecAugment, augment, pitched, shifted, spec_augment, stretched
from modalities.audio.data import AudioData
from modalities.audio.net import build
from modalities.audio.options import Data, Net
from vggx.data.listing import Sample
from vggx.data.seeds import seeded

SPEECH = "media/audio/speechbrain__example2.flac"
DIGIT = "fsdd/recordings/7_jackson_0.wav"
ALL = {
    "time_shift": 0.1,
    "gain_db": 6.0,
    "noise_snr": [5.0, 20.0],
    "time_stretch": [0.8, 1.25],
    "pitch_shift": 2.0,
}


def options(**given: Any) -> Data:
    return Data(**{"sample_rate": 16000, "seconds": 1.0, "batch_size": 4, "num_workers": 0, **given})


def tone(frequency: float, seconds: float = 1.0, rate: int = 16000) -> Tensor:
    return 0.5 * torch.sin(2 * math.pi * frequency * torch.arange(round(rate * seconds)) / rate)


def peak(x: Tensor, rate: int = 16000) -> float:
    """Hz of the strongest frequency, by the Fourier transform of all of x."""
    spectrum = np.abs(np.fft.rfft(x.numpy() * np.hanning(len(x))))
    return float(spectrum.argmax() * rate / len(x))


def decibels(part: Tensor, whole: Tensor) -> float:
    return 10 * math.log10(part.double().square().sum() / whole.double().square().sum())


def draws(x: Tensor, measured: Callable[[Tensor], float], **given: Any) -> list[float]:
    """What `measured` says of x changed under a hundred seeds."""
    found = []
    for seed in range(100):
        with seeded(seed):
            found.append(measured(augment(x, options(**given))[0]))
    return found


def spread(values: list[float], low: float, high: float) -> bool:
    """Whether draws lie between the bounds, with some in the outer tenth on either side."""
    tenth = (high - low) / 10
    return low <= min(values) <= low + tenth and high - tenth <= max(values) <= high


@pytest.fixture(params=["tone", SPEECH, DIGIT])
def sound(request: pytest.FixtureRequest) -> Tensor:
    """A second of 440 Hz, of speech, and a spoken digit of 0.4 s, all at 16 kHz (the digit is 8 kHz read as such)."""
    if request.param == "tone":
        return tone(440)
    path = request.getfixturevalue("shared_data") / request.param
    return torch.from_numpy(soundfile.read(path, dtype="float32")[0][:16000])


# noise and level


def test_the_ratio_of_sound_to_noise_is_the_one_asked_for(sound: Tensor) -> None:
    for ratio in (-10.0, 0.0, 20.0):
        torch.manual_seed(0)
        noise = augment(sound, options(noise_snr=[ratio, ratio]))[0] - sound
        assert decibels(sound, noise) == pytest.approx(ratio, abs=0.01)


def test_the_ratio_is_drawn_between_its_bounds(sound: Tensor) -> None:
    assert spread(draws(sound, lambda y: decibels(sound, y - sound), noise_snr=[3.0, 13.0]), 2.99, 13.01)


def test_the_noise_is_white() -> None:
    """Of white noise, every eighth of the spectrum holds an eighth of the power."""
    torch.manual_seed(0)
    x = tone(440, seconds=4)
    power = np.abs(np.fft.rfft((augment(x, options(noise_snr=[0.0, 0.0]))[0] - x).numpy())) ** 2
    shares = power[: len(power) // 8 * 8].reshape(8, -1).sum(1) / power.sum()
    np.testing.assert_allclose(shares, 1 / 8, atol=0.01)


def test_silence_stays_silence() -> None:
    assert not augment(torch.zeros(1000), options(noise_snr=[0.0, 10.0], gain_db=6.0))[0].any()


def test_the_level_changes_by_at_most_so_many_decibels(sound: Tensor) -> None:
    gains = draws(sound, lambda y: decibels(y, sound), gain_db=6.0)
    assert spread(gains, -6.0001, 6.0001)
    torch.manual_seed(0)
    ratio = augment(sound, options(gain_db=6.0))[0][sound != 0] / sound[sound != 0]
    assert (ratio - ratio[0]).abs().max() < 1e-6  # one level for all of a clip


# time and pitch


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_a_stretch_changes_the_length_and_not_the_pitch(sound: Tensor, speed: float) -> None:
    found = augment(sound, options(time_stretch=[speed, speed]))[0]
    assert found.dtype == torch.float32
    assert len(found) == round(len(sound) / speed)
    if len(sound) == 16000 and peak(sound) == 440:
        assert peak(found) == pytest.approx(440, abs=16000 / len(found))
        assert found.abs().max() == pytest.approx(0.5, rel=0.1)


def test_a_stretch_moves_what_happens_in_time() -> None:
    """A burst at half a second comes at a third of one where all goes one and a half times as fast."""
    x = 0.001 * torch.randn(16000, generator=torch.Generator().manual_seed(0))
    x[7900:8100] += tone(1000)[:200]
    found = stretched(x, 1.5, 16000)
    assert int(found.abs().argmax()) / 16000 == pytest.approx(0.5 / 1.5, abs=0.02)


def test_speeds_are_drawn_between_their_bounds() -> None:
    x = tone(440, seconds=0.25)
    assert spread(draws(x, lambda y: len(x) / len(y), time_stretch=[0.8, 1.25]), 0.799, 1.251)


@pytest.mark.parametrize("semitones", [-12.0, -4.0, -0.5, 0.0, 3.0, 12.0])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_pitch_moves_by_so_many_semitones(semitones: float, rate: int) -> None:
    found = pitched(tone(440, rate=rate), semitones, rate)
    assert (len(found), found.dtype) == (rate, torch.float32)
    assert peak(found, rate) == pytest.approx(440 * 2 ** (semitones / 12), abs=1.5)


def test_pitches_are_drawn_on_both_sides() -> None:
    x = tone(440, seconds=0.5)
    assert spread(draws(x, lambda y: 12 * math.log2(peak(y) / 440), pitch_shift=4.0), -4.2, 4.2)


@pytest.mark.parametrize("length", [1, 2, 2047])
def test_what_is_shorter_than_a_window_is_neither_stretched_nor_moved_in_pitch(length: int) -> None:
    x = torch.rand(length)
    assert augment(x, options(time_stretch=[0.5, 0.5], pitch_shift=12.0))[0].equal(x)


# shift


def test_a_shift_by_hand() -> None:
    x = torch.arange(1.0, 6.0)
    expected = {0: [1, 2, 3, 4, 5], 2: [0, 0, 1, 2, 3], -2: [3, 4, 5, 0, 0], 5: [0] * 5, -5: [0] * 5, 9: [0] * 5}
    for samples, values in expected.items():
        assert shifted(x, samples).tolist() == values


def test_shifts_are_drawn_on_both_sides() -> None:
    x = torch.zeros(16000)
    x[8000] = 1
    assert spread(draws(x, lambda y: int(y.argmax()) - 8000, time_shift=0.1), -1600, 1600)


def test_half_of_a_clip_stays_however_far_it_may_be_shifted() -> None:
    x = torch.ones(1000)
    left = draws(x, lambda y: float(y.sum()), time_shift=1.0)
    assert spread(left, 500, 1000)


# all together


@settings(deadline=None)
@given(st.integers(1, 6000), st.sampled_from([4000, 8000, 22050]), st.integers(0, 2**32 - 1))
def test_any_clip_under_all_of_them(samples: int, rate: int, seed: int) -> None:
    x = torch.randn(samples, generator=torch.Generator().manual_seed(seed))
    with seeded(seed):
        found = augment(x, options(sample_rate=rate, **ALL))[0]
    assert round(samples / 1.25) <= len(found) <= round(samples / 0.8)
    assert torch.isfinite(found).all()
    assert found.any()


def test_nothing_is_changed_unless_asked_for(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440).numpy(), 16000, subtype="FLOAT")
    sample = Sample(str(tmp_path / "a.wav"))
    assert AudioData(options()).load(True)(sample, 0, 1)[0].equal(tone(440))
    evaluated = AudioData(options(**ALL)).load(False)
    assert evaluated(sample, 0, 1)[0].equal(tone(440))
    with seeded(0):
        assert not AudioData(options(**ALL)).load(True)(sample, 0, 1)[0].equal(tone(440))


def test_a_clip_that_becomes_longer_is_cut(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, seconds=3).numpy(), 16000)
    soundfile.write(tmp_path / "b.wav", tone(440, seconds=0.6).numpy(), 16000)
    load = AudioData(options(time_stretch=[0.8, 0.8])).load(True)
    assert [len(load(Sample(str(tmp_path / name)), 0, 1)[0]) for name in ("a.wav", "b.wav")] == [16000, 12000]


@pytest.mark.parametrize("workers", [0, 2])
def test_seed_epoch_and_index_make_the_draw(shared_data: Path, workers: int) -> None:
    root = str(shared_data / "fsdd")
    data = AudioData(options(root=root, sample_rate=8000, num_workers=workers, batch_size=8, **ALL), seed=3)
    dataset = data.dataset("train", train=True)
    dataset.views = dataset.views[:16]
    loader = data.loader(dataset)

    def epoch(number: int) -> dict[int, Tensor]:
        loader.sampler.set_epoch(number)
        return {
            file: x[:length]
            for batch in loader
            for x, length, file in zip(batch.input, batch.lengths, batch.file.tolist(), strict=True)
        }

    first, again, second = epoch(0), epoch(0), epoch(1)
    assert len(first) == 16
    for file, x in first.items():
        assert x.equal(again[file])
        assert x.equal(dataset[(0, file)]["input"])
        assert not (x.shape == second[file].shape and x.equal(second[file]))


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "time_shift": (-0.1, 61.0, math.nan),
        "gain_db": (-1.0, 61.0, math.inf),
        "pitch_shift": (-1.0, 25.0),
        "noise_snr": ([10.0], [20.0, 10.0], [-61.0, 0.0], [0.0, math.nan]),
        "time_stretch": ([1.0], [0.0, 1.0], [1.2, 0.8], [0.5, 5.0], [0.8, 1.0, 1.2]),
    }.items(),
)
def test_values_out_of_range_are_refused_before_anything_is_read(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=rf"modality\.data\.{name}="):
            AudioData(options(**{name: value}))


def test_unset_nothing_and_an_empty_list_are_off() -> None:
    zeros = {"time_shift": 0.0, "gain_db": 0.0, "pitch_shift": 0.0, "noise_snr": [], "time_stretch": []}
    for off in ({}, zeros, {**zeros, "cache_maps": True}):
        data = AudioData(options(**off), 0, Net(n_fft=512, hop=160, mels=40, plan="micro4", head="pooled"))
        assert augment(tone(440), data.options)[0].equal(tone(440))
    assert spec_augment(options(), 40) is spec_augment(options(frequency_mask=0, time_mask=0), 40) is None


# SpecAugment


def masks(bands: int = 8, steps: int = 20, count: int = 2) -> SpecAugment:
    return SpecAugment(bands, steps, count).train()


def test_masks_are_torchaudios_where_all_is_valid() -> None:
    x = torch.randn(16, 40, 100, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(5)
    found = masks()(x)
    torch.manual_seed(5)
    expected = x
    for _ in range(2):
        expected = TimeMasking(20, iid_masks=True)(FrequencyMasking(8, iid_masks=True)(expected))
    assert found.equal(expected)
    assert not found.equal(x)
    torch.manual_seed(5)
    assert masks()(x, torch.ones(16, 100, dtype=torch.bool)).equal(expected)


def test_every_clip_has_masks_of_its_own() -> None:
    torch.manual_seed(0)
    found = masks()(torch.ones(64, 40, 100))
    assert len({tuple((x == 0).flatten().tolist()) for x in found}) > 60


def test_evaluation_masks_nothing() -> None:
    x = torch.randn(4, 40, 100)
    assert masks().eval()(x).equal(x)


def test_masks_have_no_weights() -> None:
    assert list(masks().parameters()) == []
    assert masks().state_dict() == {}


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.integers(0, 12),
    st.integers(0, 100),
    st.integers(0, 2**32 - 1),
)
def test_one_mask_of_each_kind_lies_in_the_valid_steps(lengths: list[int], bands: int, steps: int, seed: int) -> None:
    total = max(lengths) + 3
    valid = torch.arange(total) < torch.tensor(lengths)[:, None]
    x = torch.ones(len(lengths), 12, total)
    torch.manual_seed(seed)
    found = masks(0, steps, 1)(x, valid)
    for clip, length in zip(found, lengths, strict=True):
        hidden = (clip == 0).all(0)
        assert (clip[:, ~hidden] == 1).all()  # whole steps, or none of them
        assert not hidden[length:].any()
        assert int(hidden.sum()) < max(1, min(steps, length))
        assert int(hidden.diff().sum()) <= 2  # in one piece
    found = masks(bands, 0, 1)(x, valid)
    for clip in found:
        hidden = (clip == 0).all(1)
        assert (clip[~hidden] == 1).all()
        assert int(hidden.sum()) < max(1, bands)


def test_widths_and_places_are_drawn_from_all_there_are() -> None:
    """Widths t from [0, T) and places from [0, steps - t), as in the paper, which so never hides the last step."""
    torch.manual_seed(0)
    lengths = torch.tensor([10, 50]).repeat(500)
    hidden = masks(0, 6, 1)(torch.ones(1000, 1, 50), torch.arange(50) < lengths[:, None])[:, 0] == 0
    for length in (10, 50):
        mine = hidden[lengths == length]
        assert set(mine.sum(1).tolist()) == {0, 1, 2, 3, 4, 5}
        assert mine.any(0).nonzero().flatten().tolist() == list(range(length - 1))


def test_a_net_has_its_masks_where_they_are_asked_for() -> None:
    given = {"plan": "micro4", "head": "pooled", "n_fft": 512, "hop": 160, "mels": 40, "bands": 8}
    assert build(Net(**given), options(), 3).augment is None
    net = build(Net(**given), options(frequency_mask=10, time_mask=20, masks=3), 3)
    assert net.augment is not None
    assert (net.augment.frequency.mask_param, net.augment.steps, net.augment.masks) == (10, 20, 3)
    assert net.state_dict().keys() == build(Net(**given), options(), 3).state_dict().keys()
    assert build(Net(**given, frequency="pooled"), options(frequency_mask=8), 3).augment is not None
    with pytest.raises(ValueError, match=r"modality\.data\.frequency_mask=9 must lie in 0\.\.8, the net's bands"):
        build(Net(**given, frequency="pooled"), options(frequency_mask=9), 3)


@pytest.mark.parametrize("frequency", ["channels", "pooled"])
def test_a_net_in_training_eats_what_it_eats_in_evaluation_but_for_the_masks(frequency: str) -> None:
    settings = {"plan": "micro4", "head": "pooled", "n_fft": 512, "hop": 160, "mels": 40, "bands": 8}
    net = build(Net(**settings, frequency=frequency), options(frequency_mask=6, time_mask=30), 3)
    x, lengths = torch.randn(8, 16000), torch.tensor([16000, 8000] * 4)
    torch.manual_seed(0)
    masked, valid = net.train().eaten(x, lengths)
    whole, _ = net.eval().eaten(x, lengths)
    assert whole.equal(net.eaten(x, lengths)[0])
    hidden = masked == 0
    assert masked[~hidden].equal(whole[~hidden])
    kept = valid[:, None].expand_as(whole)
    assert not (whole[kept] == 0).any()
    assert 0.05 < hidden[kept].float().mean() < 0.7


@pytest.mark.parametrize(
    ("name", "value"), [("frequency_mask", -1), ("frequency_mask", 41), ("time_mask", -1), ("masks", 0)]
)
def test_masks_out_of_range_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.{name}={value} must "):
        spec_augment(options(**{name: value}), 40)
