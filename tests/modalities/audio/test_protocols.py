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
from vggx.net import PreparedNet
from vggx.options import ClassifyOptions, Modality, Recipe, TrainerOptions
from vggx.runner.device import set_up
from vggx.runner.evaluator import EvalResult, Evaluator
from vggx.runner.trainer import make_trainer
from vggx.tasks.classify import Classify
from vggx.tasks.module import TaskModule

RATE = 8000
LENGTHS = (0.3, 0.75, 1.0, 2.6)  # seconds

CLASSES = Classify(ClassifyOptions(), ["a", "b"])


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


def net_of(of: Modality) -> PreparedNet:
    torch.manual_seed(0)
    net: PreparedNet = of.build(3).eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            assert module.running_mean is not None
            module.running_mean.normal_()
    return net


def evaluated(samples: list[Sample], protocol: str, of: Modality) -> EvalResult:
    evaluator = Evaluator(set_up(net_of(of), "cpu"), CLASSES, of, of.open_data(0), samples, Protocol(protocol))
    return evaluator.evaluate(keep_views=True)


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
    together = evaluated(sounds, "dense", modality(folder, **net))
    monkeypatch.setattr(audio_data, "SHORT", 0.0)
    alone = evaluated(sounds, "dense", modality(folder, **net))
    assert together.files == alone.files == [0, 1, 2, 3]
    assert together.scores.std() > 1e-3
    torch.testing.assert_close(together.scores, alone.scores, rtol=1e-4, atol=1e-5)
    assert alone.counts == [1] * 4


def test_clips_are_those_of_training(sounds: list[Sample]) -> None:
    of = modality(root(sounds))
    of.data.clips = 3
    found = evaluated(sounds, "crops", of)
    assert found.counts == [3] * 4
    spread = [views.std(0).sum().item() for views in found.views]
    assert spread[0] == pytest.approx(0, abs=1e-6)  # a file shorter than a clip is the same clip three times
    assert spread[3] > 1e-4


def test_an_unreadable_file_is_named(sounds: list[Sample], tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF....")
    found = evaluated([*sounds, Sample(str(tmp_path / "bad.wav"), 0)], "dense", modality(root(sounds)))
    assert found.files == [0, 1, 2, 3]
    assert list(found.bad) == [str(tmp_path / "bad.wav")]


@pytest.mark.parametrize("clips", [1, 2])
def test_single_is_what_lightning_tests(sounds: list[Sample], clips: int) -> None:
    """Sounds of different lengths in masked batches, the last of which is short: the same scores and the same loss."""
    of = modality(root(sounds))
    of.data.clips = clips
    found = evaluated(sounds, "single", of)
    task = TaskModule(net_of(of), CLASSES, Recipe(optimizer="sgd", lr=0.1), {})
    data = of.open_data(0)
    trainer = make_trainer(TrainerOptions(max_epochs=1, accelerator="cpu", devices=1), [])
    trainer.test(task, dataloaders=data.loader(data.new_dataset(sounds)), verbose=False)
    assert torch.equal(found.scores, task.file_scores)
    assert torch.equal(found.targets, task.file_targets)
    assert found.loss == trainer.callback_metrics["test_loss"].item()
    assert found.counts == [clips] * 4


def test_batches_have_no_part_in_the_scores(sounds: list[Sample]) -> None:
    found = []
    for size in (1, 4):
        of = modality(root(sounds))
        of.data.batch_size = size
        found.append(evaluated(sounds, "single", of))
    torch.testing.assert_close(found[0].scores, found[1].scores, rtol=1e-4, atol=1e-5)
    assert found[0].macs < found[1].macs  # padding is reckoned


def test_the_cost_of_bands_that_are_folded_is_what_torch_counts(sounds: list[Sample]) -> None:
    """Of two files longer than a clip of half a second; every band of theirs goes through the net."""
    of = modality(root(sounds), frequency="pooled", bands=4)
    found = evaluated(sounds[1:3], "crops", of)
    net = of.build(3).eval()
    with torch.no_grad():
        maps, _ = net.eaten(torch.randn(2, RATE // 2))
        with FlopCounterMode(display=False) as counter:
            net.vgg(maps)
    assert 2 * found.macs == counter.get_total_flops()
