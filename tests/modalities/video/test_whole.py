"""modalities.video.whole: windows of a file are its frames read at once; true times; bad files named."""

import os
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from modalities.video import readers
from modalities.video.net import build
from modalities.video.options import Data, Net
from modalities.video.whole import PIECE, FilmStrip, strip
from vggx.data.listing import BadFile
from vggx.inference.cells import cell_times
from vggx.inference.sliding import mirrored_strip, scan
from vggx.net import PreparedNet

Film = Callable[..., Path]


def made(**options: Any) -> tuple[PreparedNet, Data]:
    data = Data(**{"frames": 8, "frame_stride": 1, "size": 32, "resize": 36, **options})
    torch.manual_seed(0)
    return build(Net(plan="micro", norm="batch", head="fc", mean=[0.4] * 3, std=[0.2] * 3), data, 3).eval(), data


def opened(path: Path, **options: Any) -> Any:
    net, data = made(**options)
    return strip(net, Net(), data, str(path))


FILES = {
    "by decord": ("whole_long.mp4", "libx264", {"g": "12", "bf": "2"}),
    "by pyav, by time": ("whole_open.mp4", "libx264", {"x264-params": "open-gop=1:keyint=12:bframes=2"}),
    "by pyav, counted": ("whole_long.avi", "mpeg4", {"g": "12"}),
}


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("kind", FILES)
def test_windows_are_the_frames_read_at_once(
    film: Film, by_pyav: Callable[[Path], np.ndarray], kind: str, stride: int
) -> None:
    name, codec, options = FILES[kind]
    path = film(name, codec, **options)
    net, data = made(frame_stride=stride)
    frames = torch.from_numpy(by_pyav(path)[::stride]).permute(0, 3, 1, 2)
    clip = F.resize(frames, [36], antialias=True).permute(1, 0, 2, 3)[None]
    with torch.no_grad():
        whole, mirrored = net.score_map(clip)[0], net.score_map(clip.flip(-1))[0]
    with strip(net, Net(), data, str(path)) as found:
        assert found.length == len(frames)
        torch.testing.assert_close(scan(net.vgg, found, 24), whole, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(scan(net.vgg, mirrored_strip(found), 24), mirrored, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found.read(5, 9), net.normalise(clip)[0, :, 5:9])


def test_the_short_side_may_be_another(film: Film) -> None:
    net, data = made()
    with strip(net, Net(), data, str(film("whole_long.mp4", "libx264")), 48) as found:
        assert found.read(0, 2).shape == (3, 2, 48, 48)


@pytest.mark.parametrize("kind", FILES)
def test_every_frame_is_decoded_once(film: Film, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """However many windows there are, a file is decoded from its start to its end, once for each time it is scanned."""
    name, codec, options = FILES[kind]
    net, data = made()
    every, came = readers.frames_of, []

    def counted(path: str) -> Iterator[Any]:
        for frame in every(path):
            came.append(frame.pts)
            yield frame

    monkeypatch.setattr(readers, "frames_of", counted)
    with strip(net, Net(), data, str(film(name, codec, **options))) as found:
        scan(net.vgg, found, 24)
        assert len(came) == 60
        scan(net.vgg, found, 24)
    assert len(came) == 120


@pytest.mark.parametrize("short", ["repeat", "loop", "error"])
def test_a_file_shorter_than_a_clip_is_what_its_clip_is(film: Film, numbers_in: Any, short: str) -> None:
    path = film("whole_short.mp4", "libx264", count=5)
    if short == "error":
        with pytest.raises(BadFile, match=r"short\.mp4: has 5 frames, a clip takes 8"), opened(path, short=short):
            pass
        return
    net, data = made(short=short)
    with strip(net, Net(), data, str(path), 96) as found:
        clip = found.read(0, found.length) * 0.2 + 0.4
        expected = {"repeat": [0, 1, 2, 3, 4, 4, 4, 4], "loop": [0, 1, 2, 3, 4, 0, 1, 2]}[short]
        assert numbers_in((clip * 255).permute(1, 0, 2, 3)) == expected
        # no cell is later than the file
        assert all(time.end <= found.seconds == 0.2 for time in cell_times(net.vgg, found))


@pytest.mark.parametrize("short", ["repeat", "loop"])
def test_so_is_one_of_more_frames_than_are_decoded_at_once(film: Film, numbers_in: Any, short: str) -> None:
    count, frames = PIECE + 4, 2 * PIECE + 5
    path = film("whole_less.mp4", "libx264", count=count)
    net, data = made(short=short, frames=frames)
    with strip(net, Net(), data, str(path), 96) as found:
        clip = torch.cat([found.read(start, min(start + 9, frames)) for start in range(0, frames, 9)], 1)
    expected = [min(n, count - 1) if short == "repeat" else n % count for n in range(frames)]
    assert numbers_in(((clip * 0.2 + 0.4) * 255).permute(1, 0, 2, 3)) == expected


def test_times_are_frame_numbers_by_the_rate(film: Film) -> None:
    for name, codec in (("whole_rate.mp4", "libx264"), ("whole_rate.avi", "mpeg4")):
        with opened(film(name, codec, rate=10), frame_stride=3) as found:
            assert found.seconds == pytest.approx(6.0)
            assert found.times(4) == pytest.approx((1.2, 1.2, 1.3))
            assert found.times(4.5)[1] == pytest.approx(1.35)


def test_times_are_those_of_presentation_where_the_rate_varies(film: Film) -> None:
    """Frames 0 to 29 are a 25th of a second apart, the others three times that."""
    stamps = [*range(30), *range(30, 120, 3)]
    path = film("whole_varies.mp4", "libx264", times=stamps)
    with av.open(str(path)) as container:
        told = sorted(float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.size)
    with opened(path) as found:
        assert [found.times(number)[0] for number in range(60)] == pytest.approx(np.array(told) - told[0])
        assert found.times(40)[0] == pytest.approx(60 / 25)
        assert found.times(40.5)[1] == pytest.approx(61.5 / 25)
        assert found.times(40)[2] == pytest.approx(63 / 25)


def test_the_cell_that_sees_a_flash_is_when_it_flashes(tmp_path: Path) -> None:
    """A film that is dark but for frames 70 to 73 of 100 at 20 frames a second, scored by the light that is seen."""
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=20, options={"crf": "10"})
        stream.height = stream.width = 96
        stream.pix_fmt = "yuv420p"
        for number in range(100):
            light = np.full((96, 96, 3), 255 if 70 <= number < 74 else 0, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(light, format="rgb24")))
        container.mux(stream.encode())
    net, data = made()
    net.normalise.mean.zero_()
    with torch.no_grad():
        for value in net.vgg.parameters():
            value.fill_(0.01 if value.ndim > 1 else 0.0)
        for block in net.vgg.backbone:
            for unit in block:
                if hasattr(unit, "norm"):
                    unit.norm.weight.fill_(1.0)
    with strip(net, Net(), data, str(tmp_path / "a.mp4")) as found:
        scores, times = scan(net.vgg, found, 24)[0].flatten(1).mean(1), cell_times(net.vgg, found)
    assert times[1].middle - times[0].middle == pytest.approx(4 / 20)  # the stride of micro in time
    best = times[int(scores.argmax())]
    assert best.start <= 70 / 20 < 74 / 20 <= best.end
    assert abs(best.middle - 71.5 / 20) <= 4 / 20
    lit = [time for time, score in zip(times, scores.tolist(), strict=True) if score > 0]
    assert 0 < len(lit) < 10
    assert all(time.start < 74 / 20 and time.end > 70 / 20 for time in lit)


def test_a_folder_of_images_is_scanned_but_has_no_times(tmp_path: Path) -> None:
    for number in range(12):
        Image.fromarray(np.full((40, 50, 3), 20 * number, np.uint8)).save(tmp_path / f"img_{number:05d}.png")
    net, data = made()
    with strip(net, Net(), data, str(tmp_path)) as found:
        assert scan(net.vgg, found).shape[:2] == (3, 3)
        with pytest.raises(BadFile, match="does not say how many frames a second"):
            cell_times(net.vgg, found)


def test_bad_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_text("no video")
    with pytest.raises(BadFile, match=r"no\.mp4: is not a readable video"), opened(tmp_path / "no.mp4"):
        pass


def test_a_file_that_fails_on_the_way_is_named(shared_data: Path) -> None:
    with pytest.raises(BadFile, match=r"corrupted\.mp4: decoding fails after 28 frames"):
        scan_of(str(shared_data / "media/video/decord__corrupted.mp4"))


def test_frames_that_the_header_promises_and_nobody_gives_are_named(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = readers.frames_of
    monkeypatch.setattr(readers, "frames_of", lambda path: islice(every(path), 50))
    with pytest.raises(BadFile, match=r"long\.avi: frame 50 does not come out of the decoder"):
        scan_of(str(film("whole_long.avi", "mpeg4", g="12")))


def scan_of(path: str) -> Tensor:
    net, data = made()
    with strip(net, Net(), data, path) as found:
        return scan(net.vgg, found, 24)


def test_frames_that_are_held_are_those_of_a_window(film: Film) -> None:
    net, data = made()
    held = []

    class Watched(FilmStrip):
        def read(self, start: int, stop: int) -> Tensor:
            x = super().read(start, stop)
            held.append(len(self.held) - x.shape[1])
            return x

    scan(net.vgg, Watched(str(film("whole_long.mp4", "libx264", g="12", bf="2")), data, 36, net), 24)
    assert len(held) > 3
    assert max(held) < PIECE


@pytest.mark.slow
@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak of memory is Linux's to tell")
def test_memory_does_not_grow_with_the_file(film: Film) -> None:
    """The frames of the longer film are 842 MiB more than those of the shorter."""
    net, data = made()
    # both are encoded before anything is measured
    paths = {
        count: film(f"whole_{count}.mp4", "libx264", count=count, side=160, g="50", preset="ultrafast")
        for count in (500, 12_000)
    }

    def peak(count: int) -> float:
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        with strip(net, Net(), data, str(paths[count]), 160) as found:
            assert found.length == count
            for start in range(0, count, 50):
                found.read(start, start + 50)
        told = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return int(told[1]) / 1024 if told else 0.0

    shorter = peak(500)
    assert peak(12_000) - shorter < 250
