"""Rows of start and end: a clip is read of that stretch of the file alone, in every way of reading."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from modalities.audio.data import AudioData
from tests.modalities.audio.sounds import counted, numbers_of, options
from vggx.data.listing import BadFile, Sample

RATE = 16000


def sample(path: Path, start: float | None, end: float | None) -> Sample:
    return Sample(str(path), None, "", start, end)


def test_a_segment_is_that_stretch_of_the_file(tmp_path: Path) -> None:
    path = counted(tmp_path / "a.wav", 2 * RATE)
    load = AudioData(options(seconds=1.0)).load(False)
    assert numbers_of(load(sample(path, 0.25, 0.75), 0, 1)[0]) == list(range(4001, 12001))
    assert numbers_of(load(sample(path, None, 0.001), 0, 1)[0]) == list(range(1, 17))
    # longer than a clip: its middle
    assert numbers_of(load(sample(path, 0.5, None), 0, 1)[0]) == list(range(12001, 28001))


def test_clips_of_a_segment_stay_in_it(tmp_path: Path) -> None:
    path = counted(tmp_path / "a.wav", 2 * RATE)
    data = AudioData(options(seconds=0.25))
    segment = sample(path, 0.5, 1.0)
    firsts = [numbers_of(data.load(False)(segment, view, 3)[0])[0] for view in range(3)]
    assert firsts == [8001, 10001, 12001]
    for seed in range(20):
        torch.manual_seed(seed)
        clip = numbers_of(data.load(True)(segment, 0, 1)[0])
        assert 8001 <= clip[0] <= clip[-1] <= 16000


def test_a_segment_behind_the_end_is_a_bad_file(tmp_path: Path) -> None:
    path = counted(tmp_path / "a.wav", RATE)
    with pytest.raises(BadFile, match=r"a\.wav \(2 to 3 s\): the file is 1 s long, and holds nothing there"):
        AudioData(options()).load(False)(sample(path, 2.0, 3.0), 0, 1)


def test_maps_of_two_segments_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.modalities.audio.test_maps import kept

    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "cache"))
    path = counted(tmp_path / "a.wav", 2 * 8000, 8000)
    data = kept(seconds=1.0)
    plain = AudioData(replace(data.options, cache_maps=False)).load(False)
    assert data.maps is not None
    for _ in range(2):  # made, and read again
        for segment in (sample(path, 0.0, 0.5), sample(path, 0.5, 1.0), sample(path, None, None)):
            expected = data.maps.frontend(plain(segment, 0, 1)[0][None])[0][0]
            assert torch.equal(data.load(False)(segment, 0, 1)[0], expected)
