"""modalities.video.clips: which frames of a file make its clips, against counting by hand."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modalities.video.clips import SHORT, even_starts, frame_numbers, random_start

lengths = st.integers(1, 400)
spans = st.integers(1, 64)


# random starts


@pytest.mark.parametrize(("length", "span"), [(20, 16), (16, 16), (17, 16), (100, 1), (33, 9)])
def test_every_start_at_which_a_clip_fits_is_equally_likely(length: int, span: int) -> None:
    random.seed(0)
    starts, draws = length - span + 1, 400 * (length - span + 1)
    counts = Counter(random_start(length, span) for _ in range(draws))
    assert set(counts) == set(range(starts))
    chi_square = sum((counts[start] - 400) ** 2 / 400 for start in range(starts))
    # mean and variance of chi-square are n - 1 and 2 (n - 1); four standard deviations
    assert chi_square < (starts - 1) + 4 * (2 * (starts - 1)) ** 0.5 + 1


@given(lengths, spans, st.integers(0, 10**6))
def test_a_random_clip_lies_in_the_file(length: int, span: int, seed: int) -> None:
    random.seed(seed)
    start = random_start(length, span)
    assert 0 <= start <= max(0, length - span)


def test_a_seed_gives_the_same_start() -> None:
    found = []
    for seed in (5, 5, 6):
        random.seed(seed)
        found.append([random_start(300, 16) for _ in range(5)])
    assert found[0] == found[1] != found[2]


# evenly spread starts


@pytest.mark.parametrize(
    ("length", "span", "clips", "expected"),
    [
        (116, 16, 1, [50]),  # one alone in the middle
        (16, 16, 1, [0]),
        (17, 16, 1, [0]),
        (18, 16, 1, [1]),
        (116, 16, 2, [0, 50]),  # the start of each half of what is free, as in pytorchvideo
        (116, 16, 10, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]),
        (21, 16, 10, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
        (16, 16, 10, [0] * 10),
        (5, 16, 3, [0] * 3),  # shorter than a clip
        (64, 16, "uniform", [0, 16, 32, 48]),
        (65, 16, "uniform", [0, 16, 32, 48, 49]),
        (70, 16, "uniform", [0, 16, 32, 48, 54]),
        (31, 16, "uniform", [0, 15]),
        (16, 16, "uniform", [0]),
        (5, 16, "uniform", [0]),
        (3, 1, "uniform", [0, 1, 2]),
    ],
)
def test_starts_by_hand(length: int, span: int, clips: int | str, expected: list[int]) -> None:
    assert even_starts(length, span, clips) == expected


@given(lengths, spans, st.integers(1, 20))
def test_a_number_of_clips(length: int, span: int, clips: int) -> None:
    starts = even_starts(length, span, clips)
    assert len(starts) == clips
    assert starts == sorted(starts)
    assert starts[0] >= 0
    assert starts[-1] <= max(0, length - span)  # none ends after the file, unless the file is shorter than a clip
    steps = [b - a for a, b in pairwise(starts)]
    assert not steps or max(steps) - min(steps) <= 1


@given(lengths, spans)
@settings(deadline=None)
def test_uniform_clips_cover_the_file_and_end_with_it(length: int, span: int) -> None:
    starts = even_starts(length, span, "uniform")
    assert len(starts) == max(1, -(-length // span))
    assert starts[0] == 0
    assert starts[-1] == max(0, length - span)
    covered = {frame for start in starts for frame in range(start, start + span)}
    assert covered == set(range(max(length, span)))


@pytest.mark.parametrize("clips", [0, -1, "all", "3", None, 1.5])
def test_another_choice_of_clips_is_refused(clips: object) -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.clips must be 1 or more, or uniform, not"):
        even_starts(100, 16, clips)  # type: ignore[arg-type]


# frames of a clip: span is (frames - 1) * stride + 1


@pytest.mark.parametrize(
    ("start", "span", "stride", "length", "short", "expected"),
    [
        (0, 4, 1, 9, "error", [0, 1, 2, 3]),
        (5, 4, 1, 9, "error", [5, 6, 7, 8]),
        (1, 7, 3, 8, "error", [1, 4, 7]),
        (0, 6, 1, 3, "repeat", [0, 1, 2, 2, 2, 2]),
        (0, 6, 1, 3, "loop", [0, 1, 2, 0, 1, 2]),
        (0, 7, 2, 5, "repeat", [0, 2, 4, 4]),
        (0, 7, 2, 5, "loop", [0, 2, 4, 1]),
        (0, 3, 1, 1, "repeat", [0, 0, 0]),
        (0, 3, 1, 1, "loop", [0, 0, 0]),
        (2, 1, 5, 3, "error", [2]),
    ],
)
def test_frames_by_hand(start: int, span: int, stride: int, length: int, short: str, expected: list[int]) -> None:
    assert list(frame_numbers(start, span, stride, length, short)) == expected


@given(st.integers(1, 32), st.integers(1, 8), lengths, st.sampled_from(("repeat", "loop")), st.integers(0, 100))
def test_exactly_so_many_frames_all_of_them_in_the_file(
    frames: int, stride: int, length: int, short: str, seed: int
) -> None:
    random.seed(seed)
    span = (frames - 1) * stride + 1
    numbers = list(frame_numbers(random_start(length, span), span, stride, length, short))
    assert len(numbers) == frames
    assert 0 <= min(numbers) <= max(numbers) < length
    if length >= span:
        assert all(b - a == stride for a, b in pairwise(numbers))


def test_a_file_shorter_than_a_clip_is_an_error_if_told() -> None:
    with pytest.raises(ValueError, match="has 12 frames, a clip takes 13"):
        frame_numbers(0, 13, 3, 12, "error")
    assert SHORT == ("repeat", "loop", "error")
