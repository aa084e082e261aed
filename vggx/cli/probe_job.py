"""A composed config -> `vggx probe`, shown on screen; the exit code."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from vggx import settings
from vggx.cli.cost_jobs import CLASSES, drawn
from vggx.cli.sweeps import numbered
from vggx.cli.weights_jobs import adopted

if TYPE_CHECKING:
    from vggx.runner.probe import Noise


def probe(config: DictConfig) -> int:
    from vggx.report import probe as report
    from vggx.report import rows
    from vggx.runner.probe import probe

    output = numbered(config.output)
    rows.check(config.format, output)
    if type(config.batches) is not int or config.batches < 1:
        raise ValueError(f"batches must be a whole number of 1 or more, not {config.batches}")
    weights = adopted(config, config.weights) if config.weights else None
    noise = noise_of(config, weights)
    plain = OmegaConf.create({name: config[name] for name in settings.KEPT if name in config})
    wanted = settings.usual_settings(plain) if noise else settings.resolve(config)
    found = probe(wanted, weights=weights, batches=config.batches, noise=noise, device=config.device)
    if config.format == "table":
        report.show(found)
    else:
        rows.write(found["layers"], config.format, output, whole=found)
        report.tell(found, sys.stderr)
    if config.plots:
        drawn(report.picture, found, Path(config.plots) / "probe.png")
    return 0


def noise_of(config: DictConfig, weights: Any) -> "Noise | None":
    """Noise and its classes: those asked for, else the run's, the weights', or as many as ImageNet's.

    Raises:
        ValueError: noise that has no standard deviation, or classes beside data, which have their own.
    """
    from vggx.runner.probe import Noise
    from vggx.weights.store import read_card

    if config.noise is False:
        if config.classes is not None:
            raise ValueError(f"classes={config.classes} goes with noise=true; data have the classes that they have")
        return None
    std = 1.0 if config.noise is True else config.noise
    if type(std) not in (int, float) or not 0 < std < float("inf"):
        raise ValueError(f"noise must be true, false or a standard deviation, such as 60, not {config.noise}")
    if config.classes is not None and (type(config.classes) is not int or config.classes < 2):
        raise ValueError(f"classes must be a whole number of 2 or more, not {config.classes}")
    names = [str(number) for number in range(config.classes or CLASSES)]
    if config.classes is None and config.run:
        names = read_card(Path(config.run))["classes"]
    elif config.classes is None and weights is not None and weights.classes:
        names = weights.classes
    return Noise(float(std), names)
