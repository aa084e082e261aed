"""A composed config -> `vggx inflate`, shown on screen; the exit code."""

from pathlib import Path

from vggx import settings
from vggx.commands.inflate.inflate import check_target, inflate
from vggx.commands.inflate.options import Options
from vggx.keys import Job
from vggx.progress import waiting
from vggx.report import transfer
from vggx.runner.adopted import adopted


def run(options: Options, job: Job) -> int:
    target = Path(job.numbered(options.target))
    check_target(target, options.source, options.overwrite)
    with waiting(f"{options.source} -> {target}"):
        weights = adopted(job, options.source, options.convention)
        report = inflate(
            settings.usual(job.config.modality),
            weights,
            target,
            init=options.init,
            classes=options.classes,
            allow_fresh=options.allow_fresh,
            overwrite=options.overwrite,
            seed=options.seed,
        )
    transfer.show(report)
    print(f"net: {target}, report: {target}.report.json, {report['seconds']:.1f} s")
    return 0
