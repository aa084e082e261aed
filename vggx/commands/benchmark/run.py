"""A composed config -> `vggx benchmark`, shown on screen; the exit code."""

from itertools import product

from omegaconf import OmegaConf

from vggx import settings
from vggx.commands.benchmark import plots as pictures
from vggx.commands.benchmark import tables
from vggx.commands.benchmark.benchmark import Terms, benchmark
from vggx.commands.benchmark.options import Options
from vggx.cost.speed.steps import Setting
from vggx.keys import Job
from vggx.report import plots, rows
from vggx.runner.allocator import keep_freed_memory
from vggx.runner.device import choose_device
from vggx.runner.variants import class_count, modalities


def run(options: Options, job: Job) -> int:
    nets = [
        settings.usual_settings(OmegaConf.create({"modality": modality, "recipe": job.config.recipe}))
        for modality in modalities(job.config)
    ]
    ways = product(options.precision, options.channels_last, options.compile, options.cuda_graphs)
    terms = Terms(
        classes=class_count(options.classes, options.run),
        modes=options.modes,
        batch_sizes=options.batch_sizes,
        settings=[Setting(*way) for way in ways],
        repeats=options.repeats,
        seconds=float(options.seconds),
        profile=options.profile,
    )
    device = choose_device(options.device)
    keep_freed_memory()
    found = benchmark(nets, options.compare, terms, device)
    if options.format == "table":
        tables.show(found)
    else:
        rows.write(tables.flat(found["rows"]), options.format, job.numbered(options.output), whole=found)
    if options.plots:
        plots.told(pictures.rates, found, job.numbered(f"{options.plots}/speed.png"))
        plots.told(pictures.roofline, found, job.numbered(f"{options.plots}/roofline.png"))
    return 0
