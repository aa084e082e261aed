"""A composed config -> `vggx summary`, on screen or in a file; the exit code."""

from pathlib import Path

from omegaconf import DictConfig, ListConfig

from vggx.cli.sweeps import numbered


def summary(config: DictConfig) -> int:
    from vggx.report import rows
    from vggx.report import summary as report
    from vggx.runner.summary import summary

    output = numbered(config.output)
    rows.check(config.format, output)
    places = list(config.runs) if isinstance(config.runs, ListConfig) else [config.runs]
    if not places:
        raise ValueError("runs is empty: give run folders, such as [RUN1,RUN2], or a folder of runs")
    report.write(summary([Path(str(place)) for place in places]), config.format, output)
    return 0
