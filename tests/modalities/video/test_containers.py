"""modalities.video.containers: display matrices against the turns that they stand for, and real ones against decord."""

from collections.abc import Callable
from pathlib import Path

import av
import decord
import numpy as np
import pytest
import torch

from modalities.video.bounds import Bounds
from modalities.video.containers import UPRIGHT, turn_of, turned, whole
from modalities.video.readers import PyAVReader, open_video
from vggx.data.listing import BadFile

BOUNDS = Bounds(10**7, 60)
PICTURE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
TURNS: dict[tuple[int, bool, bool], Callable[[np.ndarray], np.ndarray]] = {
    (0, False, False): lambda picture: picture,
    (90, False, False): lambda picture: np.rot90(picture, 1),  # against the clock, as PyAV's angles
    (180, False, False): lambda picture: np.rot90(picture, 2),
    (270, False, False): lambda picture: np.rot90(picture, 3),
    (0, True, False): np.fliplr,
    (0, False, True): np.flipud,
    (90, True, False): lambda picture: np.fliplr(np.rot90(picture, 1)),
    (90, False, True): lambda picture: np.flipud(np.rot90(picture, 1)),
}


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize("turn", TURNS)
def test_the_eight_turns(tmp_path: Path, turn: tuple[int, bool, bool], ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        degrees, across, down = turn
        stream.set_display_rotation(degrees, hflip=across, vflip=down)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(PICTURE, format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        coded = next(container.decode(video=0)).to_ndarray(format="rgb24")
    clip = open_video(str(path), BOUNDS).read([1, 0])
    assert np.array_equal(clip[0].permute(1, 2, 0).numpy(), TURNS[turn](coded))


def test_a_real_phones_turn_is_that_of_decord(shared_data: Path) -> None:
    path = str(shared_data / "media" / "video" / "decord__video_90.mov")
    expected = decord.VideoReader(path, num_threads=1).get_batch([0, 1, 2]).asnumpy()
    reader = open_video(path, BOUNDS)
    assert isinstance(reader, PyAVReader)
    assert np.array_equal(reader.read([0, 1, 2]).permute(0, 2, 3, 1).numpy(), expected)
    assert expected.shape == (3, 568, 320, 3)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((0, -65536, 65536, 0), (0, -1, 1, 0)),
        ((-65536, 0, 0, 65536), (-1, 0, 0, 1)),
        ((65530, 900, -900, 65530), UPRIGHT),  # a degree is no turn
        ((46341, -46341, 46341, 46341), UPRIGHT),  # nor are 45
        ((0, 0, 0, 0), UPRIGHT),
    ],
)
def test_turns_by_right_angles_alone(matrix: tuple[int, int, int, int], turn: tuple[int, int, int, int]) -> None:
    assert whole(*matrix) == turn


def test_an_upright_frame_and_clip() -> None:
    assert turn_of(av.VideoFrame(16, 16, "yuv420p")) == UPRIGHT
    clip = torch.arange(24).reshape(1, 1, 4, 6)
    assert turned(clip, UPRIGHT) is clip


def test_sound_alone_is_no_video(shared_data: Path) -> None:
    path = next((shared_data / "media" / "audio").glob("*.mp3"))
    with pytest.raises(BadFile, match=r"\.mp3: has no video in it"):
        open_video(str(path), BOUNDS)
