"""A run with each published front-end: files at another rate are trained on, evaluated and predicted as they are."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from modalities.audio.frontend import FRONTENDS
from vggx import configs, settings
from vggx.runner.evaluate import evaluate
from vggx.runner.predict import predict
from vggx.runner.train import train
from vggx.weights.store import load_net


@pytest.mark.parametrize("name", [name for name in FRONTENDS if name != "logmel"])
def test_a_run_with_a_published_front_end(name: str, low_and_high: Path, tmp_path: Path) -> None:
    config: Any = {part: configs.load(f"{part}/default") for part in ("recipe", "trainer")}
    config |= {"modality": configs.load("modality/audio"), "seed": 0, "runs": str(tmp_path), "logger": "none"}
    made = OmegaConf.create(config)
    data = {"root": str(low_and_high), "seconds": 0.5, "batch_size": 6, "num_workers": 0}
    net = {"frontend": name, "plan": "micro", "head": "pooled", "floor_db": 60.0, "subtract_mean": False}
    made = OmegaConf.merge(made, {"modality": {"data": data, "net": net}, "trainer": {"max_epochs": 4}})
    summary = train(settings.resolve(made))
    assert summary["test_accuracy"] == 1.0
    run = Path(summary["run"])

    values = settings.read_run(run)["modality"]
    own = FRONTENDS[name].PUBLISHED
    assert {key: values["data" if key == "sample_rate" else "net"][key] for key in own} == own
    again = OmegaConf.merge(made, {"modality": {"net": values["net"], "data": values["data"]}})
    assert evaluate(settings.resolve(again), run)["accuracy"] == 1.0
    rows = predict(run, [str(low_and_high / "test/low/0.wav"), str(low_and_high / "test/high/0.wav")], device="cpu")
    assert [row["classes"][0] for row in rows] == ["low", "high"]

    loaded, _, card = load_net(run)
    assert (card["net"]["frontend"], card["data"]["sample_rate"]) == (name, own["sample_rate"])
    x = torch.randn(1, own["sample_rate"] // 4)
    assert torch.equal(loaded.prepare[0](x)[0], FRONTENDS[name]()(x)[0])
