"""modalities.audio.whole: a file in stretches is, step by step, what the net eats of the file at once."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
import torch
from torch import Tensor

from modalities.audio import stretches, whole
from modalities.audio.net import build
from modalities.audio.options import Data, Net
from modalities.audio.whole import strip
from vggx import configs
from vggx.inference.cells import cell_times
from vggx.inference.sliding import scan
from vggx.net import PreparedNet

PRESETS = configs.load("modality/audio").presets.frontend
FREE = {"n_fft": 256, "hop": 80, "mels": 40, "bands": 4}


def made(frontend: str = "logmel", **options: Any) -> tuple[PreparedNet, Net, Data]:
    """A net at 8 kHz, or at the rate of a published front-end."""
    preset = PRESETS.get(frontend, {"data": {"sample_rate": 8000}, "net": FREE})
    net = Net(frontend=frontend, plan="micro", norm="batch", head="pooled", mean=[-4.0], std=[3.0])
    for name, value in {"bands": 4, **preset["net"], **options}.items():
        setattr(net, name, value)
    data = Data(sample_rate=preset["data"]["sample_rate"], seconds=1.0)
    torch.manual_seed(0)
    return build(net, data, 3).eval(), net, data


def sound(path: Path, seconds: float, rate: int) -> np.ndarray:
    """Noise that grows, so that a file's levels are known at its end alone."""
    count = round(seconds * rate)
    x = np.random.default_rng(0).normal(0, 0.2, count) * np.linspace(0.01, 1, count)
    soundfile.write(path, x.astype(np.float32), rate, subtype="FLOAT")
    return x.astype(np.float32)


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "STEPS", 50)
    monkeypatch.setattr(stretches, "BLOCK", 3000)


LEVELS: list[dict[str, Any]] = [
    {},
    {"n_fft": 2048},
    {"floor_db": 30.0},
    {"subtract_mean": True},
    {"floor_db": 30.0, "subtract_mean": True, "frequency": "pooled"},
]


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize("seconds", [0.01, 0.31, 5.003])
@pytest.mark.parametrize(
    ("frontend", "options"), [*(("logmel", levels) for levels in LEVELS), *((name, {}) for name in PRESETS)]
)
def test_stretches_give_the_steps_of_the_whole(
    tmp_path: Path, frontend: str, options: dict[str, Any], seconds: float
) -> None:
    net, of_net, data = made(frontend, **options)
    x = sound(tmp_path / "a.wav", seconds, 22050)
    if data.sample_rate != 22050:
        x = soxr.resample(x, 22050, data.sample_rate, quality="HQ")
    with torch.no_grad():
        eaten, _ = net.eaten(torch.from_numpy(x)[None])
        scores = net.score_map(torch.from_numpy(x)[None])[0]
    with strip(net, of_net, data, str(tmp_path / "a.wav")) as opened:
        assert opened.length == eaten.shape[2]
        torch.testing.assert_close(opened.read(0, opened.length), eaten[0], rtol=1e-6, atol=1e-6)
        if opened.length > 60:
            torch.testing.assert_close(opened.read(17, 60), eaten[0, :, 17:60], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(scan(net.vgg, opened, 60), scores, rtol=1e-4, atol=1e-5 * scores.abs().max().item())


def test_a_file_no_longer_than_a_clip_gets_the_clips_answer(low_and_high: Path) -> None:
    from modalities.audio.reading import LoadClip
    from vggx.data.listing import Sample

    net, of_net, data = made()
    for path in sorted(low_and_high.glob("test/*/*.wav")):
        with torch.no_grad():
            clip = net(LoadClip(data, train=False)(Sample(str(path)), 0, 1)[0][None])[0]
        with strip(net, of_net, data, str(path)) as opened:
            torch.testing.assert_close(scan(net.vgg, opened).mean(1), clip)


@pytest.mark.parametrize("frontend", ["logmel", "vggish", "panns", "ast"])
def test_a_click_is_in_the_windows_that_say_so(tmp_path: Path, frontend: str) -> None:
    """A click at 1.2345 s of a file at another rate stands out in the steps whose windows hold that time."""
    net, of_net, data = made(frontend)
    x = np.random.default_rng(0).normal(0, 1e-5, 3 * 44100).astype(np.float32)
    x[round(1.2345 * 44100)] = 0.9
    soundfile.write(tmp_path / "a.wav", x, 44100, subtype="FLOAT")
    with strip(net, of_net, data, str(tmp_path / "a.wav")) as opened:
        assert opened.seconds == 3.0
        level = opened.read(0, opened.length).mean(0)
        loud = (level > level.median() + 0.5 * (level.max() - level.median())).nonzero().flatten().tolist()
        assert loud
        assert all(opened.times(step)[0] < 1.2345 < opened.times(step)[2] for step in loud)
        nearest = opened.times(float(level.argmax()))[1]
        assert abs(nearest - 1.2345) < 0.011


def test_the_cell_that_hears_a_sound_is_when_it_sounds(tmp_path: Path) -> None:
    """The greatest score's time is the sound's, by a net whose scores rise with the level that it sees."""
    net, of_net, data = made(plan="micro", norm="none")
    with torch.no_grad():
        for value in net.vgg.parameters():
            value.fill_(0.01 if value.ndim > 1 else 0.0)
    t = np.arange(20 * 8000) / 8000
    swell = np.exp(-(((t - 13.0) / 0.1) ** 2))
    x = np.random.default_rng(0).normal(0, 0.2, len(t)) * (swell + 1e-4)
    soundfile.write(tmp_path / "a.wav", x, 8000, subtype="FLOAT")
    with strip(net, of_net, data, str(tmp_path / "a.wav")) as opened:
        scores, times = scan(net.vgg, opened, 200)[0], cell_times(net.vgg, opened)
    assert (scores > 0).sum() in range(1, 12)
    stride = times[1].middle - times[0].middle
    assert stride == pytest.approx(8 * 80 / 8000)  # of the net, times hop
    assert np.diff([time.middle for time in times]) == pytest.approx(stride)
    best = times[int(scores.argmax())]
    assert abs(best.middle - 13.0) < stride
    assert best.start < 13.0 < best.end


def test_no_room_for_the_maps_is_the_users_to_mend(tmp_path: Path) -> None:
    class Full:
        def write(self, data: Any) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match=r"\(No space left on device\); the environment variable TMPDIR"):
        whole.write(Full(), torch.zeros(2, 3))


def peak(work: Callable[[], object]) -> float:
    """MiB that this process holds at most meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    work()
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak of memory is Linux's to tell")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Half an hour takes what five minutes do; its waveform alone is 46 MiB more, its spectra are gigabytes."""
    net, of_net, data = made(floor_db=40.0, subtract_mean=True)
    second = np.random.default_rng(0).normal(0, 0.1, 8000)

    def scanned(minutes: int) -> Tensor:
        with soundfile.SoundFile(tmp_path / f"{minutes}.wav", "w", 8000, 1) as file:
            for _ in range(minutes * 60):
                file.write(second)
        with strip(net, of_net, data, str(tmp_path / f"{minutes}.wav")) as opened:
            return scan(net.vgg, opened, 4000)

    five, thirty = (peak(lambda minutes=minutes: scanned(minutes)) for minutes in (5, 30))
    assert thirty - five < 40


@pytest.mark.slow
def test_two_hours_of_sound(tmp_path: Path) -> None:
    net, of_net, data = made()
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 8000, 1) as file:
        second = np.random.default_rng(0).normal(0, 0.1, 8000)
        for _ in range(7200):
            file.write(second)
    with strip(net, of_net, data, str(tmp_path / "a.wav")) as opened:
        assert opened.length == 720_001
        assert scan(net.vgg, opened).shape == (3, 90_000)
        assert cell_times(net.vgg, opened)[-1].end == pytest.approx(7200, abs=0.1)
