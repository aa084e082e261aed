"""A composed config -> the command's work, shown on screen; returns the exit code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from vggx import settings


def train(config: DictConfig) -> int:
    from vggx.report.tables import show
    from vggx.runner.train import train

    number = HydraConfig.get().job.get("num") if HydraConfig.get().mode.name == "MULTIRUN" else None
    resume = Path(config.resume) if config.resume else None
    summary = train(settings.resolve(config), job=number, resume=resume)
    names = ("modality", "plan", "params", "macs", "epochs", "val_accuracy", "test_accuracy", "train_seconds")
    show([{name: summary[name] for name in names}])
    if summary["bad_files"]:
        print(f"{len(summary['bad_files'])} unreadable files were skipped; summary.json lists them")
    print(f"run: {summary['run']}")
    return 0


def evaluate(config: DictConfig) -> int:
    from vggx.report.tables import show
    from vggx.runner.evaluate import evaluate

    found = evaluate(settings.resolve(config), Path(config.run), config.split)
    show([{name: value for name, value in found.items() if not isinstance(value, list | dict)}])
    return 0


def predict(config: DictConfig) -> int:
    from vggx.runner.predict import predict

    inputs = [config.inputs] if isinstance(config.inputs, str) else list(config.inputs)
    options: dict[str, Any] = {key: config[key] for key in ("top", "device", "batch_size", "num_workers")}
    rows = predict(Path(config.run), [str(name) for name in inputs], **options)
    from vggx.report.rows import write

    write(rows, config.format, config.output)
    return 1 if any(row["error"] for row in rows) else 0


def cost(config: DictConfig) -> int:
    from vggx.runner.cost import cost

    return cost(config)


JOBS: dict[str, Callable[[DictConfig], int]] = {"train": train, "evaluate": evaluate, "predict": predict, "cost": cost}
