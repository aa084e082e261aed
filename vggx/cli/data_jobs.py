"""A composed config -> `vggx data preview`, `vggx data stats`, `vggx data reencode`, shown on screen; the exit code."""

import shlex
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from vggx import settings
from vggx.cli import errors
from vggx.cli.arguments import quoted
from vggx.cli.sweeps import numbered


def preview(config: DictConfig) -> int:
    from vggx.runner.preview import preview

    found = preview(settings.resolve(config), config.split, config.count, str(numbered(config.output)))
    for reason in found["bad_files"].values():
        print(f"skipped a {found['split']} file: {reason}")
    print(f"{found['samples']} {found['split']} samples: {found['output']}")
    return 0


def stats(config: DictConfig) -> int:
    from vggx.report import data_stats, rows
    from vggx.runner.data_stats import stats

    output = numbered(config.output)
    rows.check(config.format, output)
    if not isinstance(config.measure, bool):
        raise ValueError(f"measure must be true or false, not {config.measure}")
    summary, files = stats(settings.resolve(config), measured=config.measure)
    if config.format == "table":
        data_stats.show(summary)
    else:
        rows.write(files, config.format, output, whole=summary)
    return 0


def reencode(config: DictConfig) -> int:
    from vggx.report.reencode import show
    from vggx.runner.reencode import reencode

    if not isinstance(config.overwrite, bool):
        raise ValueError(f"overwrite must be true or false, not {config.overwrite}")
    target = str(numbered(str(config.target)))
    names = ("short_side", "keyframe_every", "crf", "workers", "overwrite")
    report = reencode(settings.resolve(config), Path(target), **{name: config[name] for name in names})
    show(report)
    print(f"train on them: {' '.join(words(target, report['train_with']))}")
    if report["over_limit"]:
        limit = f"modality.data.bad_limit={config.modality.data.bad_limit}"
        lost = f"{len(report['bad'])} files could not be encoded, of {' and '.join(report['over_limit'])}"
        return errors.fail("vggx data reencode", f"{lost} more than {limit}; {target} lacks them", errors.FAILED)
    return 0


def words(target: str, options: dict[str, Any]) -> list[str]:
    """The words of a command that reads the target, as a shell takes them."""
    given = {name: f"[{','.join(map(quoted, value))}]" if isinstance(value, list) else value
             for name, value in options.items()}  # fmt: skip
    return [shlex.quote(f"{name}={value}") for name, value in {"modality.data.root": target, **given}.items()]
