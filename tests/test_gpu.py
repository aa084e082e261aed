"""Each modality trains on a GPU in bf16, and in the memory that was predicted; skipped, and said so, without one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from vggx import configs, recipes, settings
from vggx.cost import memory
from vggx.options import Recipe
from vggx.runner.predict import predict
from vggx.runner.train import train


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("modality", ["image", "video", "audio"])
def test_trains_in_bf16_on_the_gpu(modality: str, tmp_path: Path) -> None:
    config: Any = {name: configs.load(f"{name}/default") for name in ("recipe", "trainer")}
    config |= {"modality": configs.load(f"modality/{modality}"), "seed": 0, "runs": str(tmp_path), "logger": "none"}
    made = OmegaConf.create(config)
    made.trainer.precision, made.trainer.accelerator = "bf16-mixed", "gpu"
    summary = train(settings.resolve(made))
    assert summary["device"] == torch.cuda.get_device_name()
    assert summary["test_accuracy"] > 0.9
    with pytest.raises(ValueError, match="inputs names no file"):
        predict(summary["run"], [])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize(("head", "count"), [("fc", 8), ("pooled", 32)])  # mostly weights, mostly maps
def test_vgg16_trains_in_the_memory_that_was_predicted(head: str, count: int) -> None:
    """Never in less; in up to 15 % more, for workspaces, which are measured and not predicted.

    cuDNN is off: its kernels may copy weights and maps into another order, and how much they take depends on the card.
    torch's own convolutions lay out the windows of one image, 110 MiB in conv1_2, and cuBLAS keeps about 32.
    """
    made = settings.usual(configs.load("modality/image"))
    made.net.norm, made.net.head = "none", head

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(count, 3, 224, 224, dtype=torch.uint8), torch.zeros(count, dtype=torch.int64)

    def optimizer(net: torch.nn.Module) -> torch.optim.Optimizer:
        return recipes.optimizer(net, Recipe(optimizer="sgd", lr=1e-4, weight_decay=1e-4))

    predicted = memory.predicted_peak(lambda: made.build(1000), optimizer, batch).peak
    with torch.backends.cudnn.flags(enabled=False):
        measured = memory.measured_peak(lambda: made.build(1000), optimizer, batch)
    assert 0.99 * predicted < measured < 1.15 * predicted
