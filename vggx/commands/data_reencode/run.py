"""A composed config -> `vggx data reencode`, shown on screen; the exit code."""

import shlex
import sys
from pathlib import Path
from typing import Any

from vggx import settings
from vggx.commands.data_reencode.options import Options
from vggx.commands.data_reencode.reencode import reencode
from vggx.commands.data_reencode.tables import show
from vggx.keys import Job, quoted


def run(options: Options, job: Job) -> int:
    target = job.numbered(options.target)
    report = reencode(
        settings.resolve(job.config),
        Path(target),
        short_side=options.short_side,
        keyframe_every=options.keyframe_every,
        crf=options.crf,
        workers=options.workers,
        overwrite=options.overwrite,
    )
    show(report)
    print(f"train on them: {' '.join(words(target, report['train_with']))}")
    if report["over_limit"]:
        limit = f"modality.data.bad_limit={job.config.modality.data.bad_limit}"
        lost = f"{len(report['bad'])} files could not be encoded, of {' and '.join(report['over_limit'])}"
        print(f"vggx data reencode: error: {lost} more than {limit}; {target} lacks them", file=sys.stderr)
        return 1
    return 0


def words(target: str, options: dict[str, Any]) -> list[str]:
    """The words of a command that reads the target, as a shell takes them."""
    given = {name: f"[{','.join(map(quoted, value))}]" if isinstance(value, list) else value
             for name, value in options.items()}  # fmt: skip
    return [shlex.quote(f"{name}={value}") for name, value in {"modality.data.root": target, **given}.items()]
