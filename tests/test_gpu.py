"""Each modality trains on a GPU in bf16; skipped, and said so, where there is none."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from vggx import configs, settings
from vggx.runner.predict import predict
from vggx.runner.train import train


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("modality", ["image", "video", "audio"])
def test_trains_in_bf16_on_the_gpu(modality: str, tmp_path: Path) -> None:
    config: Any = {name: configs.load(f"{name}/default") for name in ("recipe", "trainer")}
    config |= {"modality": configs.load(f"modality/{modality}"), "seed": 0, "runs": str(tmp_path), "logger": "none"}
    made = OmegaConf.create(config)
    made.trainer.precision, made.trainer.accelerator, made.trainer.channels_last = "bf16-mixed", "gpu", True
    summary = train(settings.resolve(made))
    assert summary["device"] == torch.cuda.get_device_name()
    assert summary["test_accuracy"] > 0.9
    with pytest.raises(ValueError, match="inputs names no file"):
        predict(summary["run"], [])
