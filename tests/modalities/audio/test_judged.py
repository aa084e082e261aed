"""Protocols of sound: whole files in batches and scanned, clips of one length, bad files."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch.utils.flop_counter import FlopCounterMode

from modalities.audio import data as audio_data
from vggx import configs, settings
from vggx.data.listing import Sample
from vggx.evaluate.protocol import Protocol
from vggx.options import Modality, TrainerOptions
from vggx.runner.judge import Judge, Judged

RATE = 8000
LENGTHS = (0.3, 0.75, 1.0, 2.6)  # seconds


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("sounds")
    draw = np.random.default_rng(0)
    samples = []
    for number, seconds in enumerate(LENGTHS):
        time = np.arange(int(seconds * RATE)) / RATE
        wave = 0.5 * np.sin(2 * np.pi * (300 + 200 * number) * time**1.5) + 0.01 * draw.standard_normal(len(time))
        path = folder / "abc"[number % 3] / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, wave.astype(np.float32), RATE, subtype="FLOAT")
        samples.append(Sample(str(path), number % 3))
    return samples


def root(sounds: list[Sample]) -> str:
    return str(Path(sounds[0].path).parents[1])


def modality(folder: str, **net: object) -> Modality:
    made = configs.load("modality/audio")
    made.data.merge_with({"root": folder, "sample_rate": RATE, "seconds": 0.5, "batch_size": 3, "num_workers": 0})
    made.net.merge_with({"plan": "micro", "width": 0.5, "head": "pooled", "n_fft": 256, "hop": 80, "mels": 20, **net})
    return settings.usual(made)


def judged(samples: list[Sample], protocol: str, of: Modality) -> Judged:
    torch.manual_seed(0)
    net = of.build(3).eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
    trainer = TrainerOptions(accelerator="cpu", precision="32-true")
    return Judge(net, of, of.open_data(0), trainer, samples, Protocol(protocol)).judged(3, keep_views=True)


@pytest.mark.parametrize(
    "net",
    [
        {},
        {"floor_db": 30.0, "subtract_mean": True},
        {"frequency": "pooled", "bands": 4},
        {"head": "fc", "grid": [2]},
    ],
)
def test_whole_files_in_batches_and_scanned_are_the_same(
    sounds: list[Sample], net: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = root(sounds)
    together = judged(sounds, "dense", modality(folder, **net))
    monkeypatch.setattr(audio_data, "SHORT", 0.0)
    alone = judged(sounds, "dense", modality(folder, **net))
    assert together.files == alone.files == [0, 1, 2, 3]
    assert together.scores.std() > 1e-3
    torch.testing.assert_close(together.scores, alone.scores, rtol=1e-4, atol=1e-5)
    assert alone.counts == [1] * 4


def test_clips_are_those_of_training(sounds: list[Sample]) -> None:
    of = modality(root(sounds))
    of.data.clips = 3
    found = judged(sounds, "crops", of)
    assert found.counts == [3] * 4
    spread = [views.std(0).sum().item() for views in found.views]
    assert spread[0] == pytest.approx(0, abs=1e-6)  # a file shorter than a clip is the same clip three times
    assert spread[3] > 1e-4


def test_an_unreadable_file_is_named(sounds: list[Sample], tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF....")
    found = judged([*sounds, Sample(str(tmp_path / "bad.wav"), 0)], "dense", modality(root(sounds)))
    assert found.files == [0, 1, 2, 3]
    assert list(found.bad) == [str(tmp_path / "bad.wav")]


def test_the_cost_of_bands_that_are_folded_is_what_torch_counts(sounds: list[Sample]) -> None:
    """Of two files longer than a clip of half a second; every band of theirs goes through the net."""
    of = modality(root(sounds), frequency="pooled", bands=4)
    found = judged(sounds[1:3], "crops", of)
    net = of.build(3).eval()
    with torch.no_grad():
        maps, _ = net.eaten(torch.randn(2, RATE // 2))
        with FlopCounterMode(display=False) as counter:
            net.vgg(maps)
    assert 2 * found.macs == counter.get_total_flops()
