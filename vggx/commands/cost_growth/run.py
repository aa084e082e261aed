"""A composed config -> `vggx cost growth`, shown on screen; the exit code."""

from typing import Any

from vggx import settings
from vggx.commands.cost_growth.growth import curves, growth
from vggx.commands.cost_growth.options import Options
from vggx.keys import Job
from vggx.report import rows, tables
from vggx.runner.variants import class_count, modalities


def run(options: Options, job: Job) -> int:
    classes = class_count(options.classes, options.run)
    nets = [settings.usual(modality) for modality in modalities(job.config)]
    found = growth(nets, classes)
    flat = [flattened(row) for row in found["rows"]]
    if options.format == "table":
        print(found["convention"])
        tables.show([{k: v for k, v in row.items() if not k.startswith("factor_")} for row in flat])
    else:
        rows.write(flat, options.format, job.numbered(options.output), whole=found, heading=found["convention"])
    if options.plots:
        from vggx.report import cost_plots, plots

        plots.told(cost_plots.growth, curves(nets, classes), job.numbered(f"{options.plots}/growth.png"))
    return 0


def flattened(row: dict[str, Any]) -> dict[str, Any]:
    """A law with a column for the factor of each power."""
    factors = {f"factor_{power}": row["factors"].get(str(power)) for power in (2, 1, 0)}
    return {name: value for name, value in row.items() if name != "factors"} | factors
