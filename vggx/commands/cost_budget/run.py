"""A composed config -> `vggx cost budget`, shown on screen; the exit code."""

from omegaconf import OmegaConf

from vggx import settings
from vggx.commands.cost_budget.budget import CONVENTION, Limits, budget
from vggx.commands.cost_budget.options import Options
from vggx.keys import Job
from vggx.progress import waiting
from vggx.report import cost_tables, rows
from vggx.runner.cost import Terms
from vggx.runner.variants import class_count

GIB = 2**30


def run(options: Options, job: Job) -> int:
    config = OmegaConf.create({"modality": job.config.modality, "recipe": job.config.recipe})
    limits = Limits(options.macs, options.params, None if options.memory is None else options.memory * GIB)
    terms = Terms(class_count(options.classes, options.run), options.precision, float(options.fps))
    with waiting(f"looking for the largest {options.find}"):
        found = budget(settings.usual_settings(config), options.find, limits, terms)
    if options.format == "table":
        print(CONVENTION)
        cost_tables.show_budget(found, options.find)
    else:
        whole = {"convention": CONVENTION, "rows": found}
        rows.write(found, options.format, job.numbered(options.output), whole=whole, heading=CONVENTION)
    return 0
