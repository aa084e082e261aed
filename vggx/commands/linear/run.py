"""A composed config -> `vggx linear`, shown on screen; the exit code."""

from pathlib import Path

from vggx import settings
from vggx.commands.linear.options import Options
from vggx.keys import Job
from vggx.report import linear as report
from vggx.runner.adopted import adopted
from vggx.runner.linear import LinearOptions, linear
from vggx.weights.source import Weights


def run(options: Options, job: Job) -> int:
    if options.run and "weights" in job.given:
        raise ValueError("run=... and weights=... are two nets: give one of them")
    place = options.output or options.run
    if not place:
        raise ValueError("output=FOLDER is required where there is no run to write into")
    asked = LinearOptions(
        options.scales,
        options.flip,
        options.combine,
        options.C,
        options.train_per_class,
        options.judged_per_class,
    )
    source = Path(options.run) if options.run else of_weights(job, options.weights) if options.weights else None
    found = linear(settings.resolve(job.config), source, Path(place), options.split, asked, job.numbered("linear"))
    report.show(found)
    if found["bad_files"]:
        print(f"{len(found['bad_files'])} unreadable files were left out; the JSON file lists them")
    print(f"files: {found['written']}")
    return 0


def of_weights(job: Job, source: str) -> Weights:
    """The weights, whose options the config takes; where they have no classifier their last map is described."""
    weights = adopted(job, source)
    if weights.head is None and job.config.modality.net.head is None:
        job.config.modality.net.head = "pooled"
    return weights
