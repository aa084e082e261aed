"""A composed config -> `vggx data preview`, shown on screen; the exit code."""

from vggx import settings
from vggx.commands.data_preview.options import Options
from vggx.commands.data_preview.preview import preview
from vggx.keys import Job


def run(options: Options, job: Job) -> int:
    found = preview(settings.resolve(job.config), options.split, options.count, job.numbered(options.output))
    for reason in found["bad_files"].values():
        print(f"skipped a {found['split']} file: {reason}")
    print(f"{found['samples']} {found['split']} samples: {found['output']}")
    return 0
