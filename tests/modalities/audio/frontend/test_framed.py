"""vggish against its published definition, written in numpy; ast against torchaudio's Kaldi filter bank."""

import numpy as np
import pytest
import torch
from torchaudio.compliance import kaldi

from modalities.audio.frontend import AstMel, VggishMel
from modalities.audio.frontend.framed import FramedMel


def maps(frontend: FramedMel, x: np.ndarray) -> np.ndarray:
    return frontend(torch.from_numpy(x)[None])[0][0].numpy()


def mel(hertz: np.ndarray | float) -> np.ndarray:
    return 1127.0 * np.log(1.0 + np.asarray(hertz) / 700.0)


def vggish(x: np.ndarray) -> np.ndarray:
    """(samples,) -> (64, T), as the code published with AudioSet does it: frame by frame, band by band, in float64."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi / 400 * np.arange(400))
    bins = mel(np.linspace(0, 8000, 257))
    edges = np.linspace(mel(125), mel(7500), 66)
    columns = []
    for start in range(0, len(x) - 400 + 1, 160):
        magnitude = np.abs(np.fft.rfft(x[start : start + 400].astype(np.float64) * window, 512))
        column = []
        for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
            weights = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
            weights[0] = 0
            column.append(np.log(magnitude @ weights + 0.01))
        columns.append(column)
    return np.array(columns).T


def ast(x: np.ndarray, kind: torch.dtype) -> np.ndarray:
    """(samples,) -> (128, T), as AST's data loader does it."""
    wave = torch.from_numpy(x)[None].to(kind)
    bank = kaldi.fbank(
        wave - wave.mean(),
        htk_compat=True,
        sample_frequency=16000,
        use_energy=False,
        window_type="hanning",
        num_mel_bins=128,
        dither=0.0,
        frame_shift=10,
    )
    return bank.T.numpy()


def test_vggish_is_its_published_definition(sound, recordings) -> None:
    for name, x in {"chirp": sound(16000), **recordings(16000)}.items():
        found, expected = maps(VggishMel(), x), vggish(x)
        assert found.shape == expected.shape, name
        assert np.abs(found - expected).max() <= 1e-5, name


def test_vggish_of_silence() -> None:
    assert np.allclose(maps(VggishMel(), np.zeros(1600, dtype=np.float32)), np.log(0.01))


def test_ast_is_kaldis_filter_bank(sound, recordings) -> None:
    """torchaudio's function in float64; in float32 its own rounding is up to 2e-3 in bands far below the loudest."""
    for name, x in {"chirp": sound(16000), **recordings(16000)}.items():
        found, expected = maps(AstMel(), x), ast(x, torch.float64)
        assert found.shape == expected.shape, name
        assert np.abs(found - expected).max() <= 1e-5, name
        assert np.abs(found - ast(x, torch.float32)).max() <= 5e-3, name


def test_ast_takes_a_clips_own_mean_away(sound) -> None:
    x = sound(16000)
    np.testing.assert_allclose(maps(AstMel(), x + 0.25), maps(AstMel(), x), rtol=0, atol=1e-3)


def test_asts_empty_band_is_kaldis_floor(sound) -> None:
    """Band 3 of the published 128 lies between two bins of the spectrum."""
    found = maps(AstMel(), sound(16000))
    assert np.allclose(found[3], np.log(np.finfo(np.float32).eps))
    assert (found[4:] > -15).all()


@pytest.mark.parametrize(("samples", "steps"), [(1, 1), (400, 1), (559, 1), (560, 2), (15600, 96), (16000, 98)])
def test_windows_lie_wholly_in_the_clip(samples: int, steps: int) -> None:
    for frontend in (VggishMel(), AstMel()):
        assert frontend.steps(samples) == steps
        assert frontend(torch.zeros(2, samples))[0].shape[2] == steps
