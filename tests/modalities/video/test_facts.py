"""What a video's header and packets say, against PyAV's own decoding and the figures of a published list."""

import csv
from pathlib import Path

import av
import pytest
from PIL import Image

from modalities.video.data import VideoData
from modalities.video.facts import facts
from modalities.video.options import Data
from vggx.data.listing import BadFile, Sample

NAMES = ["frames", "fps", "seconds", "width", "height", "codec", "container", "decoder", "pyav_because"]


def data(**options: object) -> VideoData:
    given = {"frames": 4, "frame_stride": 1, "size": 32, "crop_scale": [1.0, 1.0]} | options
    return VideoData(Data(**given))  # type: ignore[arg-type]


def test_surveillance_clips_are_as_they_are_listed(shared_data: Path) -> None:
    root = shared_data / "fight_surv"
    for row in list(csv.DictReader((root / "labels.csv").open()))[::20]:
        found = facts(data(), Sample(str(root / row["path"])))
        assert list(found) == NAMES
        assert found["frames"] == int(row["frames"])
        assert found["fps"] == pytest.approx(float(row["fps"]), rel=0.01)
        assert (found["width"], found["height"]) == (int(row["width"]), int(row["height"]))
        assert found["seconds"] == pytest.approx(found["frames"] / found["fps"], rel=0.05)
        assert (found["codec"], found["container"]) == ("h264", "mov,mp4,m4a,3gp,3g2,mj2")


@pytest.mark.parametrize(
    ("name", "codec", "decoder", "because"),
    [
        ("C3D__v_ApplyEyeMakeup_g01_c01.avi", "mpeg4", "pyav", "container avi"),
        ("torchcodec__av1_video.mkv", "av1", "pyav", "codec av1"),
        ("decord__flipping_a_pancake.mkv", "h264", "decord", None),
        ("mmaction2__demo.mp4", "h264", "decord", None),
        ("torchcodec__h265_video.mp4", "hevc", "pyav", "open groups of pictures"),
    ],
)
def test_files_of_many_kinds(shared_data: Path, name: str, codec: str, decoder: str, because: str | None) -> None:
    path = shared_data / "media/video" / name
    found = facts(data(), Sample(str(path)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert found["container"] == container.format.name
        assert found["fps"] == pytest.approx(float(stream.average_rate))
    assert found["frames"] == len(frames)
    assert (found["width"], found["height"]) == (frames[0].width, frames[0].height)
    assert found["codec"] == codec
    assert (found["decoder"], found["pyav_because"]) == (decoder, because)


def test_a_turned_picture_has_its_sides_exchanged(shared_data: Path) -> None:
    path = shared_data / "media/video/decord__video_90.mov"
    found = facts(data(), Sample(str(path)))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert abs(frame.rotation) == 90
    assert (found["width"], found["height"]) == (frame.height, frame.width)
    assert found["pyav_because"] == "turned"


def test_a_folder_of_frames(tmp_path: Path) -> None:
    for number in range(5):
        Image.new("RGB", (40, 30), (number, 0, 0)).save(tmp_path / f"img_{number:05d}.jpg")
    found = facts(data(), Sample(str(tmp_path)))
    shape = {"frames": 5, "width": 40, "height": 30}
    assert found == {**shape, "codec": "jpg", "container": "folder", "decoder": "frames"}


def test_bad_files_are_named(shared_data: Path, tmp_path: Path) -> None:
    demo = Sample(str(shared_data / "media/video/mmaction2__demo.mp4"))
    with pytest.raises(
        BadFile, match=r"demo\.mp4: 340 x 256 is 87040 pixels, more than modality\.data\.max_pixels=9999"
    ):
        facts(data(max_pixels=9999), demo)
    (tmp_path / "a.mp4").write_text("words")
    with pytest.raises(BadFile, match=r"a\.mp4: is not a readable video"):
        facts(data(), Sample(str(tmp_path / "a.mp4")))
