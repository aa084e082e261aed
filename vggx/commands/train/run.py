"""A composed config -> `vggx train`, shown on screen; the exit code."""

from pathlib import Path
from typing import Any

from vggx import settings
from vggx.commands.train.options import Options
from vggx.keys import Job
from vggx.report.tables import show
from vggx.runner.adopted import adopted
from vggx.runner.train import is_first, train

MUCH_WAITING = 0.2  # share of the training time


def run(options: Options, job: Job) -> int:
    resume = Path(options.resume) if options.resume else None
    for key in ("weights", "inherit"):
        if resume and key in job.given:
            raise ValueError(f"{key}={job.config[key]}: a resumed run goes on with the weights that it has")
    weights = adopted(job, options.weights) if options.weights and not resume else None
    summary = train(settings.resolve(job.config), weights=weights, job=job.number, resume=resume)
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
