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
    seeds = [summary | {"val_accuracy": 0.6}, summary | {"val_accuracy": 0.7}]
    made = SCRIPT["row"]("x", ["modality=video"], seeds, 2)
    assert (made["split"], made["files"], made["accuracy"], made["accuracies"]) == ("val", 60, 0.65, [0.6, 0.7])
    assert made["interval_95"][0] < 0.65 < made["interval_95"][1]


def test_folds_are_of_different_files_and_seeds_of_the_same() -> None:
    summary = {
        "modality": "audio", "plan": "micro4", "input_shape": [8000], "params": 1, "macs": 1, "epochs": 1,
        "precision": "32-true", "device": "cpu", "train_seconds": 2.0, "samples_per_second": 3.0, "versions": {},
        "data": {"files": {"train": 2250, "val": 250, "test": 500}},
    }  # fmt: skip
    runs = [summary | {"seed": seed, "test_accuracy": value} for value in (0.5, 0.7, 0.9) for seed in (0, 1)]
    made = SCRIPT["row"]("x", ["modality=audio"], runs, 2)
    assert (made["split"], made["files"], made["accuracy"], made["seeds"]) == ("test", 1500, 0.7, [0, 1])
