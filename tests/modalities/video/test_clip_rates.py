"""modalities.video.clip_rates: the same clips are read of both files; what cannot be read is left out."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from modalities.video import clip_rates
from modalities.video.options import Data

OPTIONS = Data(frames=4, frame_stride=3, size=8)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """What is read, in order; reading takes a second of the new files and three of the old ones."""
    found: list[tuple[str, list[int]]] = []
    whole = clip_rates.read

    def read(path: str, numbers: Sequence[int], options: Data) -> float:
        whole(path, numbers, options)
        found.append((path, list(numbers)))
        return 1.0 if "new" in path else 3.0

    monkeypatch.setattr(clip_rates, "read", read)
    return found


def test_random_clips_of_both_in_turn(film: Callable[..., Path], reads: list[tuple[str, list[int]]]) -> None:
    old, new = str(film("rates.mp4", "libx264")), str(film("rates new.mp4", "libx264"))
    found = clip_rates.compare(OPTIONS, [(old, new)], 0)
    assert found == {
        "files": 1,
        "repeats": 5,
        "clip_frames": 4,
        "frame_stride": 3,
        "before": pytest.approx(1 / 3),
        "after": 1.0,
        "ratio": pytest.approx(3),
    }
    assert reads[:2] == [(old, [0]), (new, [0])]
    clips = [reads[at : at + 2] for at in range(2, len(reads), 2)]
    assert all(one[1] == other[1] for one, other in clips)
    assert {tuple(path for path, _ in pair) for pair in clips} == {(old, new), (new, old)}  # each is first at times
    assert all(numbers == list(range(numbers[0], numbers[0] + 10, 3)) for (_, numbers), _ in clips)
    assert len({numbers[0] for (_, numbers), _ in clips}) > 2
    before = list(reads)
    clip_rates.compare(OPTIONS, [(old, new)], 0)
    assert reads[len(before) :] == before  # drawn by the seed


def test_of_many_files_some_that_lie_evenly_spread(
    film: Callable[..., Path], reads: list[tuple[str, list[int]]], tmp_path: Path
) -> None:
    path = film("rates short.mp4", "libx264", count=5)
    pairs = []
    for number in range(101):
        (tmp_path / f"{number}.mp4").symlink_to(path)
        pairs.append((str(path), str(tmp_path / f"{number}.mp4")))
    found = clip_rates.compare(OPTIONS, pairs, 0)
    assert found is not None
    assert found["files"] == 34
    assert sorted({int(Path(name).stem) for name, _ in reads if name != str(path)}) == list(range(0, 101, 3))
    assert {tuple(numbers) for _, numbers in reads[-10:]} == {(0, 3, 4, 4)}  # shorter than a clip: its last frame again


def test_what_cannot_be_read_is_left_out(film: Callable[..., Path], tmp_path: Path) -> None:
    path, words = str(film("rates.mp4", "libx264")), tmp_path / "a.mp4"
    words.write_text("words")
    found = clip_rates.compare(OPTIONS, [(str(words), path), (path, str(words)), (path, path)], 0)
    assert found is not None
    assert found["files"] == 1
    assert min(found["before"], found["after"], found["ratio"]) > 0
    assert clip_rates.compare(OPTIONS, [(path, str(words))], 0) is None
    assert clip_rates.compare(OPTIONS, [], 0) is None
