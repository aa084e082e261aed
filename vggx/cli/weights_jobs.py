"""A composed config -> `vggx inflate`, and what `weights=` makes of a config; the exit code."""

from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig

from vggx import settings
from vggx.cli.sweeps import numbered


def inflate(config: DictConfig) -> int:
    from vggx.progress import waiting
    from vggx.report import transfer
    from vggx.runner.inflate import check_target, inflate

    target = Path(str(numbered(config.target)))
    if not isinstance(config.overwrite, bool):
        raise ValueError(f"overwrite must be true or false, not {config.overwrite}")
    check_target(target, config.source, config.overwrite)
    with waiting(f"{config.source} -> {target}"):
        weights = adopted(config, config.source, config.convention)
        report = inflate(
            settings.usual(config.modality),
            weights,
            target,
            init=config.init,
            classes=classes_of(config.classes),
            allow_fresh=names_of(config.allow_fresh, "allow_fresh"),
            overwrite=config.overwrite,
            seed=config.seed,
        )
    transfer.show(report)
    print(f"net: {target}, report: {target}.report.json, {report['seconds']:.1f} s")
    return 0


def adopted(config: DictConfig, source: str, convention: str | None = None) -> Any:
    """The weights of a source; the config's modality takes from them what its user did not set."""
    from vggx.weights import adopt
    from vggx.weights import source as sources

    # layers that are asked for by name may be of a net of another plan
    plan = None if config.get("inherit") else config.modality.net.plan
    weights = sources.read_weights(source, plan=plan, convention=convention)
    adopt.adopt(config, weights, given())
    return weights


def given() -> set[str]:
    """The keys among this job's words."""
    return {word.partition("=")[0].lstrip("+") for word in HydraConfig.get().overrides.task}


def classes_of(words: Any) -> Any:
    """A number, a list of names, or None.

    Raises:
        ValueError: anything else.
    """
    if words is None or (isinstance(words, int) and not isinstance(words, bool)):
        return words
    if isinstance(words, ListConfig):
        return [str(name) for name in words]
    raise ValueError(f"classes must be a number or a list of names, such as [cat,dog], not {words}")


def names_of(words: Any, key: str) -> list[str]:
    """
    Raises:
        ValueError: not a list of names.
    """
    if isinstance(words, ListConfig) and all(isinstance(name, str) for name in words):
        return list(words)
    raise ValueError(f"{key} must be a list of names, such as [block4,fc6], not {words}")
