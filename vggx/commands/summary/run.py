"""A composed config -> `vggx summary`, on screen or in a file; the exit code."""

from pathlib import Path

from vggx.commands.summary import report
from vggx.commands.summary.options import Options
from vggx.commands.summary.summary import summary
from vggx.keys import Job


def run(options: Options, job: Job) -> int:
    if not options.runs:
        raise ValueError("runs is empty: give run folders, such as [RUN1,RUN2], or a folder of runs")
    report.write(summary([Path(place) for place in options.runs]), options.format, job.numbered(options.output))
    return 0
