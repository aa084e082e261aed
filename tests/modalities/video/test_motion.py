"""The video net learns motion: what it tells apart by its frames in order, it cannot tell by one of them."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from modalities.video import clips
from vggx import configs, settings
from vggx.runner.train import train


def summary_of_three_epochs(runs: Any) -> dict[str, Any]:
    config = {name: configs.load(f"{name}/default") for name in ("recipe", "trainer")}
    config |= {"modality": configs.load("modality/video"), "seed": 0, "runs": str(runs), "logger": "none"}
    made = OmegaConf.create(config)
    made.trainer.max_epochs = 3
    return train(settings.resolve(made))


def test_moving_digits_are_told_apart_by_motion_alone(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    moving = summary_of_three_epochs(tmp_path / "moving")
    assert moving["test_accuracy"] >= 0.95

    def first_frame(start: int, span: int, stride: int, length: int, short: str) -> list[int]:
        return [0] * len(range(0, span, stride))

    monkeypatch.setattr(clips, "frame_numbers", first_frame)
    still = summary_of_three_epochs(tmp_path / "still")
    assert still["test_accuracy"] < 0.25  # one in eight is chance
