"""Rows of start and end: the frames that begin within, by the file's rate."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modalities.video.data import VideoData, frames_of
from tests.modalities.video.clips import options
from vggx.data.listing import BadFile, Sample


class Film:
    """A file of 100 frames, 10 a second."""

    length, fps = 100, 10.0


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(None, None, (0, 100)), (2.0, 4.0, (20, 20)), (2.01, 4.01, (21, 20)), (9.5, 50.0, (95, 5)), (None, 0.05, (0, 1))],
)
def test_the_frames_that_begin_within(start: Any, end: Any, expected: tuple[int, int]) -> None:
    film: Any = Film()
    assert frames_of(Sample("a.mp4", 0, "", start, end), film) == expected


def test_a_file_that_does_not_tell_its_rate_has_no_segments() -> None:
    film: Any = Film()
    film.fps = 0.0
    with pytest.raises(BadFile, match=r"a\.mp4 \(1 to 2 s\): the file does not say how many frames a second it has"):
        frames_of(Sample("a.mp4", 0, "", 1.0, 2.0), film)


def test_clips_lie_within_the_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from modalities.video import data as module

    class Numbers(Film):
        def read(self, numbers: Any) -> Any:
            return torch.tensor(numbers, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 16, 16)

    monkeypatch.setattr(module, "opened", lambda path, options: Numbers())
    data = VideoData(replace(options(), clips="uniform", resize=16))
    segment = Sample("a.mp4", 0, "", 2.0, 4.0)
    assert data.views([segment, Sample("b.mp4", 0)]) == [3, 13]
    clips = [data.load(False)(segment, view, 3)[0][0, :, 0, 0].tolist() for view in range(3)]
    assert clips == [list(range(first, first + 8)) for first in (20, 28, 32)]


def test_pictures_have_none(tmp_path: Path) -> None:
    from modalities.image.data import ImageData
    from modalities.image.options import Data

    (tmp_path / "a.png").touch()
    (tmp_path / "labels.csv").write_text("path,label,start,end\na.png,x,1,2\n")
    with pytest.raises(ValueError, match=r"a\.png \(1 to 2 s\): a picture has no seconds; leave the columns start and"):
        ImageData(Data(root=str(tmp_path), size=16, channels=1)).find()
