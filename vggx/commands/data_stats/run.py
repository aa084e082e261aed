"""A composed config -> `vggx data stats`, shown on screen; the exit code."""

from vggx import settings
from vggx.commands.data_stats import tables
from vggx.commands.data_stats.options import Options
from vggx.commands.data_stats.stats import stats
from vggx.keys import Job
from vggx.report import rows


def run(options: Options, job: Job) -> int:
    summary, files = stats(settings.resolve(job.config), measured=options.measure)
    if options.format == "table":
        tables.show(summary)
    else:
        rows.write(files, options.format, job.numbered(options.output), whole=summary)
    return 0
