"""modalities.audio.transforms: where a clip begins."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from modalities.audio.transforms import clip_start


@pytest.mark.parametrize(
    ("length", "clip", "views", "expected"),
    [
        (100, 40, 1, [30]),  # one alone in the middle
        (101, 40, 1, [30]),
        (100, 40, 2, [0, 60]),
        (100, 40, 3, [0, 30, 60]),
        (100, 40, 4, [0, 20, 40, 60]),
        (40, 40, 3, [0, 0, 0]),
        (10, 40, 3, [0, 0, 0]),
        (10, 40, 1, [0]),
    ],
)
def test_starts_in_evaluation_by_hand(length: int, clip: int, views: int, expected: list[int]) -> None:
    assert [clip_start(length, clip, view, views, False) for view in range(views)] == expected


@given(st.integers(1, 10**6), st.integers(1, 10**5), st.integers(2, 20))
def test_clips_in_evaluation_reach_from_the_start_to_the_end(length: int, clip: int, views: int) -> None:
    starts = [clip_start(length, clip, view, views, False) for view in range(views)]
    assert starts == sorted(starts)
    assert (starts[0], starts[-1]) == (0, max(0, length - clip))


def test_every_start_at_which_a_clip_fits_is_equally_likely() -> None:
    torch.manual_seed(0)
    counts = Counter(clip_start(25, 16, 0, 1, True) for _ in range(4000))
    assert set(counts) == set(range(10))
    # chi-square of 9 degrees of freedom; 27.9 is passed once in 1000 seeds, and the seed is given
    assert sum((counts[start] - 400) ** 2 / 400 for start in range(10)) < 27.9


def test_a_file_as_long_as_a_clip_or_shorter_begins_at_its_start() -> None:
    assert {clip_start(length, 16, 0, 1, True) for length in (1, 15, 16) for _ in range(20)} == {0}
