"""The arithmetic of the accuracy benchmark."""

import runpy
from pathlib import Path

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/accuracy.py"))


def test_a_set_without_a_test_split_is_measured_on_validation() -> None:
    summary = {
        "modality": "video", "plan": "micro4", "input_shape": [3, 8, 64, 64], "params": 1, "macs": 1, "seed": 0,
        "epochs": 1, "precision": "32-true", "device": "cpu", "train_seconds": 2.0, "samples_per_second": 3.0,
        "versions": {}, "test_accuracy": None, "data": {"files": {"train": 240, "val": 60, "test": 0}},
    }  # fmt: skip
    made = SCRIPT["row"]("x", ["modality=video"], [summary | {"val_accuracy": 0.6}, summary | {"val_accuracy": 0.7}])
    assert (made["split"], made["files"], made["accuracy"], made["accuracies"]) == ("val", 60, 0.65, [0.6, 0.7])
    assert made["interval_95"][0] < 0.65 < made["interval_95"][1]
