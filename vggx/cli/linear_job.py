"""A composed config -> `vggx linear`, shown on screen; the exit code."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig

from vggx import settings
from vggx.cli.evaluate_job import flip_of, scales_of
from vggx.cli.sweeps import numbered
from vggx.cli.weights_jobs import adopted, given


def linear(config: DictConfig) -> int:
    from vggx.report import linear as report
    from vggx.runner.linear import LinearOptions, linear

    options = LinearOptions(
        scales_of(config.scales),
        flip_of(config.flip),
        str(config.combine),
        candidates_of(config.C),
        count_of(config.train_per_class, "train_per_class"),
        count_of(config.judged_per_class, "judged_per_class"),
    )
    if config.run and "weights" in given():
        raise ValueError("run=... and weights=... are two nets: give one of them")
    if not config.run and not config.output:
        raise ValueError("output=FOLDER is required where there is no run to write into")
    output = Path(str(config.output or config.run))
    source = Path(str(config.run)) if config.run else of_weights(config) if config.weights else None
    name = str(numbered("linear"))
    found = linear(settings.resolve(config), source, output, config.split, options, name)
    report.show(found)
    if found["bad_files"]:
        print(f"{len(found['bad_files'])} unreadable files were left out; the JSON file lists them")
    print(f"files: {found['written']}")
    return 0


def of_weights(config: DictConfig) -> Any:
    """The weights, whose options the config takes; where they have no classifier their last map is described."""
    weights = adopted(config, config.weights)
    if weights.head is None and config.modality.net.head is None:
        config.modality.net.head = "pooled"
    return weights


def candidates_of(value: Any) -> list[Any]:
    """`C=1` and `C=[1,10]` alike; what is no number is the runner's to refuse."""
    return list(value) if isinstance(value, ListConfig) else [value]


def count_of(value: Any, key: str) -> int | None:
    if value is not None and (type(value) is not int or value < 1):
        raise ValueError(f"{key} must be a number of files of each class, 1 or more, not {value}")
    return value
