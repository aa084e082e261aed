"""A floor, means taken away and bands averaged, by hand and clip by clip."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from modalities.audio.frontend import LogMel
from modalities.audio.frontend.levels import BandPool, Chain, ClipLevels

MAPS = torch.tensor([[[0.0, -10.0, -50.0], [-20.0, -30.0, -90.0]]])  # (1, 2 bands, 3 steps)


def test_a_floor_by_hand() -> None:
    found, valid = ClipLevels(25.0, False)(MAPS, None)
    assert valid is None
    assert found.tolist() == [[[0, -10, -25], [-20, -25, -25]]]


def test_the_floor_hangs_on_the_loudest_valid_cell() -> None:
    valid = torch.tensor([[False, True, True]])
    found, handed_on = ClipLevels(25.0, False)(MAPS, valid)
    assert handed_on is valid
    assert found[:, :, 1:].tolist() == [[[-10, -35], [-30, -35]]]


def test_means_are_of_valid_steps() -> None:
    found, _ = ClipLevels(None, True)(MAPS, None)
    torch.testing.assert_close(found, MAPS - torch.tensor([[[-20.0], [-140 / 3]]]))
    found, _ = ClipLevels(None, True)(MAPS, torch.tensor([[True, True, False]]))
    assert found[:, :, :2].tolist() == [[[5, -5], [5, -5]]]


def test_the_floor_comes_first() -> None:
    found, _ = ClipLevels(25.0, True)(MAPS, None)
    torch.testing.assert_close(found, ClipLevels(None, True)(ClipLevels(25.0, False)(MAPS, None)[0], None)[0])
    assert not torch.allclose(found, ClipLevels(25.0, False)(ClipLevels(None, True)(MAPS, None)[0], None)[0])


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    floor=st.none() | st.floats(0.5, 8),
    mean=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_clip_is_treated_as_alone(steps: list[int], floor: float | None, mean: bool, seed: int) -> None:
    maps = 20 * torch.randn(len(steps), 5, max(steps), generator=torch.Generator().manual_seed(seed))
    valid = torch.arange(max(steps)) < torch.tensor(steps)[:, None]
    found, _ = ClipLevels(floor, mean)(maps, valid)
    assert torch.isfinite(found).all()
    for number, count in enumerate(steps):
        alone, _ = ClipLevels(floor, mean)(maps[number : number + 1, :, :count], None)
        torch.testing.assert_close(found[number, :, :count], alone[0], rtol=0, atol=1e-5)
        if mean:
            assert alone.mean(2).abs().max() < 1e-4
        elif floor is not None:
            assert alone.min() >= alone.max() - floor - 1e-4


def test_bands_are_means_of_equal_shares() -> None:
    x, valid = torch.randn(2, 40, 7), torch.ones(2, 7, dtype=torch.bool)
    for bands, expected in {8: x.view(2, 8, 5, 7).mean(2), 1: x.mean(1, keepdim=True), 40: x}.items():
        found, handed_on = BandPool(bands)(x, valid)
        torch.testing.assert_close(found, expected)
        assert handed_on is valid


@pytest.mark.parametrize("lengths", [None, torch.tensor([800, 400])])
def test_a_chain_goes_from_the_waveform_through_all(lengths: Tensor | None) -> None:
    frontend, x = LogMel(8000, n_fft=256, hop=80, mels=20), torch.randn(2, 800)
    found, valid = Chain(frontend, ClipLevels(3.0, True), BandPool(4))(x, lengths)
    maps, known = frontend(x, lengths)
    torch.testing.assert_close(found, BandPool(4)(*ClipLevels(3.0, True)(maps, known))[0])
    assert (valid is None) == (lengths is None)
    assert valid is None or torch.equal(valid, known)
