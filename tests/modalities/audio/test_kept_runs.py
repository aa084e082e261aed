"""A run with kept maps: it learns what one with waveforms does, and its net needs neither the maps nor the option."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from vggx import configs, settings
from vggx.runner.evaluate import evaluate
from vggx.runner.predict import predict
from vggx.runner.train import train
from vggx.weights.store import load_net


def test_a_run_is_the_same_and_its_net_needs_no_cache(low_and_high: Path, tmp_path: Path, cache: Path) -> None:
    config: Any = {part: configs.load(f"{part}/default") for part in ("recipe", "trainer")}
    config |= {"modality": configs.load("modality/audio"), "seed": 0, "runs": str(tmp_path), "logger": "none"}
    data = {"root": str(low_and_high), "sample_rate": 8000, "seconds": 0.5, "batch_size": 6, "num_workers": 0}
    data |= {"frequency_mask": 3, "time_mask": 5}
    net = {"plan": "micro", "head": "pooled", "n_fft": 256, "hop": 80, "mels": 20, "floor_db": 50.0}
    found, made = {}, {}
    for cached in (False, True):
        changes = {"modality": {"data": data | {"cache_maps": cached}, "net": net}, "trainer": {"max_epochs": 3}}
        made[cached] = OmegaConf.merge(config, changes)
        found[cached] = train(settings.resolve(made[cached]))
    assert len([path for path in cache.glob("maps/*/*/*") if path.is_file()]) == 40
    # clips of a batch that differ in samples may have as many steps, and are then not masked
    assert found[True]["test_loss"] == pytest.approx(found[False]["test_loss"], rel=1e-3)
    assert found[True]["test_accuracy"] == found[False]["test_accuracy"] == 1.0

    runs = {cached: Path(found[cached]["run"]) for cached in found}
    nets = {cached: load_net(run) for cached, run in runs.items()}
    assert nets[True][2]["data"] == nets[False][2]["data"]  # the card says nothing of a cache
    assert nets[True][2]["input"] == nets[False][2]["input"]
    torch.testing.assert_close(nets[True][0].normalise.mean, nets[False][0].normalise.mean)
    for cached in (False, True):
        values = settings.read_run(runs[True])["modality"]
        again = OmegaConf.merge(made[cached], {"modality": {"net": values["net"]}})
        assert evaluate(settings.resolve(again), runs[True])["accuracy"] == 1.0
    rows = predict(
        runs[True], [str(low_and_high / "test/low/0.wav"), str(low_and_high / "test/high/0.wav")], device="cpu"
    )
    assert [row["classes"][0] for row in rows] == ["low", "high"]
