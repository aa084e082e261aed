"""What all front-ends share: a clip's valid steps are its own, whatever lies beside it; counts, precision, refusals."""

from functools import cache
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from modalities.audio.frontend import FRONTENDS, Frontend, make
from modalities.audio.frontend import frontend as module

FREE = {"sample_rate": 8000, "n_fft": 256, "hop": 80, "mels": 20}


@cache
def frontend(name: str, least: int = 1) -> Frontend:
    return make(name, least=least, **(FREE if name == "logmel" else {}))


def rate_of(name: str) -> int:
    return (FRONTENDS[name].PUBLISHED or FREE)["sample_rate"]


def clips(lengths: list[int], seed: int = 0) -> list[Tensor]:
    """Noise, each clip at a level of its own between 0 and 80 dB below full scale."""
    draw = torch.Generator().manual_seed(seed)
    return [10 ** (-4 * torch.rand((), generator=draw)) * torch.randn(n, generator=draw) for n in lengths]


def check_as_alone(front: Frontend, waves: list[Tensor], behind: float = 0.0) -> None:
    """The valid steps of a batch are those of each clip alone, with and without its length."""
    lengths = torch.tensor([len(wave) for wave in waves])
    maps, valid = front(pad_sequence(waves, batch_first=True, padding_value=behind), lengths)
    assert valid is not None
    assert valid.shape == (len(waves), maps.shape[2])
    for wave, made, steps in zip(waves, maps, valid, strict=True):
        alone, none = front(wave[None])
        assert none is None
        count = front.steps(len(wave))
        assert alone.shape[2] == count
        assert steps.tolist() == [True] * count + [False] * (len(steps) - count)
        torch.testing.assert_close(made[:, steps], alone[0], rtol=0, atol=1e-5)
        told, all_of_it = front(wave[None], torch.tensor([len(wave)]))
        assert all_of_it.all()
        assert torch.equal(told, alone)


@settings(deadline=None)
@given(
    name=st.sampled_from(list(FRONTENDS)),
    lengths=st.lists(st.integers(1, 6000), min_size=1, max_size=5),
    least=st.sampled_from([1, 8, 32]),
    seed=st.integers(0, 1000),
)
def test_a_clips_valid_steps_are_its_own(name: str, lengths: list[int], least: int, seed: int) -> None:
    check_as_alone(frontend(name, least), clips(lengths, seed))


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_so_are_those_of_real_recordings(name: str, recordings) -> None:
    check_as_alone(frontend(name), [torch.from_numpy(x) for x in recordings(rate_of(name)).values()])


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_what_lies_behind_a_clip_is_not_looked_at(name: str) -> None:
    check_as_alone(frontend(name, 4), clips([50, 3000, 500, 2999]), behind=7.0)


@settings(deadline=None)
@given(name=st.sampled_from(list(FRONTENDS)), steps=st.integers(1, 50), least=st.sampled_from([1, 8]))
def test_steps_and_samples_agree(name: str, steps: int, least: int) -> None:
    front = frontend(name, least)
    fewest = front.samples(steps)
    assert front.steps(fewest) == max(steps, least)
    assert fewest == 1 or front.steps(fewest - 1) == max(steps - 1, least)


@pytest.mark.parametrize(
    ("name", "seconds", "steps"),
    [("vggish", 0.975, 96), ("panns", 10.0, 1001), ("ast", 10.24, 1022), ("librosa", 1.0, 44), ("logmel", 1.0, 101)],
)
def test_published_numbers_of_steps(name: str, seconds: float, steps: int) -> None:
    """VGGish's patch of 96 frames, CNN14's 1001 of ten seconds; AST pads its 1022 of 10.24 s to 1024."""
    front = frontend(name)
    assert front.steps(round(seconds * rate_of(name))) == steps


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_a_short_clip_is_followed_by_silence(name: str) -> None:
    front, (wave,) = frontend(name, 12), clips([130])
    followed = torch.nn.functional.pad(wave, (0, front.samples(12) - 130))
    assert front.steps(130) == front.steps(len(followed)) == 12
    assert torch.equal(front(wave[None])[0], frontend(name)(followed[None])[0])


@pytest.mark.parametrize(("name", "kind"), list(product(FRONTENDS, [torch.bfloat16, torch.float16])))
def test_mixed_precision_changes_nothing(name: str, kind: torch.dtype) -> None:
    """A full-scale tone's power at n_fft 1024 is 65,536, which half precision has not."""
    front = frontend(name)
    tone = torch.sin(2 * torch.pi * torch.arange(16000) / 16)[None]
    plain, _ = front(tone)
    with torch.autocast("cpu", dtype=kind):
        mixed, _ = front(tone)
        lower, _ = front(tone.to(kind))  # an input that is already lower is raised first
    assert mixed.dtype == lower.dtype == torch.float32
    assert torch.equal(mixed, plain)
    assert torch.isfinite(lower).all()


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_a_device_without_float64_computes_in_float32(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    front, x = frontend(name), torch.stack(clips([4000]))
    assert {buffer.dtype for buffer in front.buffers()} == {torch.float32}
    plain, _ = front(x)
    assert module.precision(torch.device("mps")) == torch.float32
    monkeypatch.setattr(module, "precision", lambda device: torch.float32)
    found, _ = front(x)
    assert not torch.equal(found, plain)
    torch.testing.assert_close(found, plain, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_its_settings_are_no_weights_and_gradients_pass(name: str) -> None:
    x = torch.stack(clips([4000])).requires_grad_()
    frontend(name)(x)[0].sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0
    assert list(frontend(name).parameters()) == []


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_one_decibel_is_what_a_louder_clip_gains(name: str) -> None:
    """Ten times the amplitude are 20 dB, where no offset or floor is near."""
    (wave,) = clips([8000])
    wave = wave / wave.std()
    quiet, loud = (frontend(name)(level * wave[None])[0] for level in (1e2, 1e3))
    typical = (loud - quiet).median()
    assert float(typical) == pytest.approx(20 * frontend(name).DECIBEL, abs=1e-3)


@pytest.mark.parametrize(
    ("x", "lengths", "shown"),
    [
        (torch.zeros(800), None, r"\(800,\) and None"),
        (torch.zeros(2, 1, 800), None, r"\(2, 1, 800\) and None"),
        (torch.zeros(2, 800), torch.tensor([800]), r"\(2, 800\) and \(1,\)"),
    ],
)
def test_other_shapes_are_refused(x: Tensor, lengths: Tensor | None, shown: str) -> None:
    with pytest.raises(ValueError, match=rf"takes \(N, samples\) and \(N,\) lengths, got {shown}"):
        frontend("logmel")(x, lengths)


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_its_own_maps_pass_as_they_are(name: str) -> None:
    front = frontend(name)
    waves, lengths = pad_sequence(clips([4000, 2500]), batch_first=True), torch.tensor([4000, 2500])
    maps, valid = front(waves, lengths)
    again, known = front(maps, valid.sum(1))
    assert torch.equal(again, maps)
    assert torch.equal(known, valid)
    assert front(maps)[1] is None


def test_maps_of_other_bands_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(2, 19, 7\) and None; maps that it has made before are \(N, 20, T\)"):
        frontend("logmel")(torch.zeros(2, 19, 7))
    with pytest.raises(ValueError, match=r"got \(2, 20, 7\) and \(1,\)"):
        frontend("logmel")(torch.zeros(2, 20, 7), torch.tensor([7]))


# by name


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="frontend must be one of logmel, vggish, panns, ast, librosa, not 'mfcc'"):
        make("mfcc")


@pytest.mark.parametrize("name", [name for name in FRONTENDS if name != "logmel"])
def test_a_published_front_end_takes_its_own_settings_and_no_others(name: str) -> None:
    own = FRONTENDS[name].PUBLISHED
    assert own.keys() == {"sample_rate", "n_fft", "hop", "mels", "f_min", "f_max", "mel_scale"}
    x = torch.zeros(1, 4000)
    assert torch.equal(make(name, **own)(x)[0], make(name)(x)[0])
    for key, value in own.items():
        other = "other" if key == "mel_scale" else value + 1
        with pytest.raises(ValueError, match=rf"frontend={name} fixes {key}={value}, got {other}: leave {key} out"):
            make(name, **own | {key: other})


def test_logmels_settings_are_free() -> None:
    front = make("logmel", sample_rate=8000, n_fft=200, hop=50, mels=7, f_min=100.0, f_max=3000.0, mel_scale="slaney")
    assert front(torch.zeros(1, 1000))[0].shape == (1, 7, 21)
