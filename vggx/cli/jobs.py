"""A composed config -> the command's work, shown on screen; returns the exit code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from vggx import settings
from vggx.cli.benchmark_job import benchmark
from vggx.cli.cost_jobs import budget, cost, growth
from vggx.cli.data_jobs import preview, reencode, stats
from vggx.cli.evaluate_job import evaluate
from vggx.cli.explain_job import explain
from vggx.cli.linear_job import linear
from vggx.cli.probe_job import probe
from vggx.cli.summary_job import summary
from vggx.cli.sweeps import job_number
from vggx.cli.weights_jobs import adopted, given, inflate

MUCH_WAITING = 0.2  # share of the training time


def train(config: DictConfig) -> int:
    from vggx.report.tables import show
    from vggx.runner.train import is_first, train

    resume = Path(config.resume) if config.resume else None
    for key in ("weights", "inherit"):
        if resume and key in given():
            raise ValueError(f"{key}={config[key]}: a resumed run goes on with the weights that it has")
    weights = adopted(config, config.weights) if config.weights and not resume else None
    summary = train(settings.resolve(config), weights=weights, job=job_number(), resume=resume)
    if not is_first():
        return 0
    figures = [name for name in summary if name in (f"val_{summary['watched']}", f"test_{summary['watched']}")]
    names = ["modality", "plan", "params", "macs", "epochs", *figures, "train_seconds"]
    if summary["frozen_blocks"]:
        names.insert(names.index("macs"), "trainable_params")
    show([{name: summary[name] for name in names}])
    ways = [f"{name} {count}" for name, count in summary["data"]["read_by"].items() if isinstance(count, int) and count]
    if ways:
        print(f"files read by: {', '.join(ways)}")
    print(waiting(summary))
    if summary["bad_files"]:
        print(f"{len(summary['bad_files'])} unreadable files were skipped; summary.json lists them")
    print(f"run: {summary['run']}")
    return 0


def waiting(summary: dict[str, Any]) -> str:
    """Whether the loader or the net bounds the speed of a run, and what there is to do if it is the loader."""
    share = summary["data_share"]
    advice = "; more modality.data.num_workers, or see benchmarks/README.md" if share > MUCH_WAITING else ""
    rate = f"{summary['samples_per_second']:,.0f} samples a second"
    return f"speed: {rate}, {share:.0%} of the time spent waiting for data{advice}"


def predict(config: DictConfig) -> int:
    from vggx import tasks
    from vggx.report import rows
    from vggx.runner.predict import predict
    from vggx.weights.store import read_card

    inputs = [config.inputs] if isinstance(config.inputs, str) else list(config.inputs)
    keys = ("top", "device", "batch_size", "num_workers", "whole", "frame_scores")
    options: dict[str, Any] = {key: config[key] for key in keys}
    if not isinstance(config.whole, bool):
        raise ValueError(f"whole must be true or false, not {config.whole}")
    rows.check(config.format, config.output)
    if config.run and config.weights:
        raise ValueError("run=... and weights=... are two nets: give one of them")
    run = Path(config.run or config.weights)
    found = predict(run, [str(name) for name in inputs], **options)
    task = tasks.of_card(read_card(run))
    if config.format == "json":
        rows.write(found, "json", config.output)
    elif config.format == "csv":
        rows.write(task.flat(found), "csv", config.output)
    else:
        rows.write([task.line(row) for row in found], "table", None)
    return 1 if any(row["error"] for row in found) else 0


JOBS: dict[str, Callable[[DictConfig], int]] = {
    "train": train,
    "probe": probe,
    "evaluate": evaluate,
    "linear": linear,
    "summary": summary,
    "predict": predict,
    "explain": explain,
    "inflate": inflate,
    "cost": cost,
    "cost budget": budget,
    "cost growth": growth,
    "benchmark": benchmark,
    "data preview": preview,
    "data stats": stats,
    "data reencode": reencode,
}
