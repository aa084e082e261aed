"""The video net learns motion: what it tells apart by its frames in order, it cannot tell by one of them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from modalities.video import clips
from vggx import configs, settings
from vggx.cli import main
from vggx.runner.train import train


def summary_of_four_epochs(runs: Any) -> dict[str, Any]:
    config = {name: configs.load(f"{name}/default") for name in ("recipe", "trainer")}
    config |= {"modality": configs.load("modality/video"), "seed": 0, "runs": str(runs), "logger": "none"}
    made = OmegaConf.create(config)
    made.trainer.max_epochs = 4
    return train(settings.resolve(made))


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The summary of a run on moving digits."""
    return summary_of_four_epochs(tmp_path_factory.mktemp("moving"))


def test_moving_digits_are_told_apart_by_motion_alone(
    moving: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert moving["test_accuracy"] >= 0.95

    def first_frame(start: int, span: int, stride: int, length: int, short: str) -> list[int]:
        return [0] * len(range(0, span, stride))

    monkeypatch.setattr(clips, "frame_numbers", first_frame)
    still = summary_of_four_epochs(tmp_path / "still")
    assert still["test_accuracy"] < 0.25  # one in eight is chance


def test_the_time_probe_shows_it(
    moving: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(moving["run"])
    words = ["vggx", "evaluate", f"run={run}", "time_probe=true", "modality.data.num_workers=0"]
    monkeypatch.setattr(sys, "argv", words)
    assert main() == 0
    assert "chance is 0.125" in capsys.readouterr().out
    found = json.loads((run / "evaluate_test.json").read_text())
    rows = {row["clips"]: row for row in found["time_probe"]["rows"]}
    assert rows["as they are"]["accuracy"] == found["accuracy"] == moving["test_accuracy"]
    assert rows["still"]["low_95"] < 1 / 8 < rows["still"]["high_95"]
    # backwards, a digit moves in the opposite direction, which is another class
    assert rows["reversed"]["high_95"] < 1 / 8
    assert rows["shuffled"]["high_95"] < rows["as they are"]["low_95"]
    assert {path.suffix for path in run.glob("evaluate_test_time_probe.*")} == {".csv", ".png"}
