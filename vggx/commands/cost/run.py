"""A composed config -> `vggx cost`, shown on screen; the exit code."""

import sys
from typing import Any

from omegaconf import OmegaConf

from vggx.commands.cost.options import Options
from vggx.keys import Job
from vggx.report import cost_tables, rows
from vggx.runner.cost import Terms, cost
from vggx.runner.variants import class_count, variants


def run(options: Options, job: Job) -> int:
    device: Any = OmegaConf.to_object(job.config.device) if job.config.get("device") else None
    terms = Terms(class_count(options.classes, options.run), options.precision, float(options.fps), device)
    nets, left_out = variants(job.config)
    found = cost(nets, terms, options.by, options.compare, memory=options.memory)
    if options.format == "table":
        cost_tables.show(found, options.by)
    else:
        output = job.numbered(options.output)
        rows.write(found["rows"], options.format, output, whole=found, heading=found["convention"])
    if options.plots:
        from vggx.report import cost_plots, plots

        draw = cost_plots.params_flops if options.by == "net" else cost_plots.by_part
        name = "params_flops" if options.by == "net" else f"by_{options.by}"
        plots.told(draw, found["rows"], job.numbered(f"{options.plots}/{name}.png"))
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    return 0
