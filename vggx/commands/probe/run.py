"""A composed config -> `vggx probe`, shown on screen; the exit code."""

import sys
from pathlib import Path

from omegaconf import OmegaConf

from vggx import settings
from vggx.commands.probe import report
from vggx.commands.probe.options import Options
from vggx.commands.probe.probe import Noise, probe
from vggx.keys import Job
from vggx.report import plots, rows
from vggx.runner.adopted import adopted
from vggx.runner.variants import CLASSES
from vggx.weights.source import Weights
from vggx.weights.store import read_card


def run(options: Options, job: Job) -> int:
    config = job.config
    weights = adopted(job, options.weights) if options.weights else None
    noise = noise_of(options, weights)
    plain = OmegaConf.create({name: config[name] for name in settings.KEPT if name in config})
    wanted = settings.usual_settings(plain) if noise else settings.resolve(config)
    found = probe(wanted, weights=weights, batches=options.batches, noise=noise, device=options.device)
    if options.format == "table":
        report.show(found)
    else:
        rows.write(found["layers"], options.format, job.numbered(options.output), whole=found)
        report.tell(found, sys.stderr)
    if options.plots:
        plots.told(report.picture, found, job.numbered(f"{options.plots}/probe.png"))
    return 0


def noise_of(options: Options, weights: Weights | None) -> Noise | None:
    """Noise and its classes: those asked for, else the run's, the weights', or as many as ImageNet's."""
    if options.noise is False:
        return None
    names = [str(number) for number in range(options.classes or CLASSES)]
    if options.classes is None and options.run:
        names = read_card(Path(options.run))["classes"]
    elif options.classes is None and weights is not None and weights.classes:
        names = weights.classes
    return Noise(float(options.noise), names)
