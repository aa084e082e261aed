"""A composed config -> `vggx evaluate`, shown on screen; the exit code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from vggx import settings


def evaluate(config: DictConfig) -> int:
    from vggx.report import protocols, time_probe
    from vggx.runner.evaluate import Words, evaluate

    for key in ("time_probe", "curve"):
        if not isinstance(config[key], bool):
            raise ValueError(f"{key} must be true or false, not {config[key]}")
    words = Words(str(config.protocol), scales_of(config.scales), flip_of(config.flip), grid_of(config.grid))
    whole = OmegaConf.create({name: value for name, value in config.items() if name != "runs"})
    found = evaluate(
        settings.resolve(whole),
        runs_of(config),
        config.split,
        words,
        time_probe=config.time_probe,
        curve=config.curve,
    )
    if found["table"]:
        protocols.show(found["table"], found["split"])
    print(found["told"])
    if config.time_probe:
        time_probe.show(found["time_probe"])
    if found["bad_files"]:
        print(f"{len(found['bad_files'])} unreadable files were left out; the JSON file lists them")
    print(f"files: {found['written']}")
    return 0


def runs_of(config: DictConfig) -> list[Path]:
    """
    Raises:
        ValueError: both of run and runs, or runs that is no list of any.
    """
    if config.run is not None and config.runs is not None:
        raise ValueError("run=... is one net and runs=[...] are several: give one of the two")
    if config.run is not None:
        return [Path(str(config.run))]
    if not isinstance(config.runs, ListConfig) or not config.runs:
        raise ValueError(f"runs must be a list of runs, such as [RUN1,RUN2], not {config.runs}")
    return [Path(str(run)) for run in config.runs]


def scales_of(value: Any) -> Sequence[int] | None:
    """
    Raises:
        ValueError: no whole numbers of pixels.
    """
    scales = [value] if isinstance(value, int) else value
    if scales is None:
        return None
    if not isinstance(scales, list | ListConfig) or not all(type(side) is int and side > 0 for side in scales):
        raise ValueError(f"scales must be lengths in pixels, such as [256,384,512], not {value}")
    return list(scales)


def flip_of(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"flip must be true or false, not {value}")
    return value


def grid_of(value: Any) -> int | None:
    if value is not None and type(value) is not int:
        raise ValueError(f"grid must be a number of places along each side, such as 5, not {value}")
    return value
