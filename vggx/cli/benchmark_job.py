"""A composed config -> `vggx benchmark`, shown on screen; the exit code."""

from itertools import product
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from vggx import settings
from vggx.cli.cost_jobs import classes_of, drawn, many, names_of, number
from vggx.cli.sweeps import numbered

AXES = ("precision", "channels_last", "compile", "cuda_graphs")  # of how our nets run, each a value or a list of them


def benchmark(config: DictConfig) -> int:
    from vggx.cost.speed.steps import Setting
    from vggx.report import rows, speed, speed_plots
    from vggx.runner.allocator import keep_freed_memory
    from vggx.runner.benchmark import Terms, benchmark
    from vggx.runner.device import choose_device
    from vggx.runner.variants import modalities

    output = numbered(config.output)
    rows.check(config.format, output)
    for key in ("channels_last", "compile", "cuda_graphs"):
        if any(not isinstance(value, bool) for value in many(config[key])):
            raise ValueError(f"{key} must be true, false or a list of them, not {config[key]}")
    if not isinstance(config.profile, bool):
        raise ValueError(f"profile must be true or false, not {config.profile}")
    nets = [
        settings.usual_settings(OmegaConf.create({"modality": modality, "recipe": config.recipe}))
        for modality in modalities(config)
    ]
    terms = Terms(
        classes=classes_of(config),
        modes=many(config.modes),
        batch_sizes=whole(config.batch_sizes, "batch_sizes"),
        settings=[Setting(*values) for values in product(*(many(config[key]) for key in AXES))],
        repeats=whole(config.repeats, "repeats")[0],
        seconds=number(config.seconds, "seconds"),
        profile=config.profile,
    )
    device = choose_device(config.device)
    keep_freed_memory()
    found = benchmark(nets, names_of(config.compare), terms, device)
    if config.format == "table":
        speed.show(found)
    else:
        rows.write(speed.flat(found["rows"]), config.format, output, whole=found)
    if config.plots:
        drawn(speed_plots.rates, found, Path(config.plots) / "speed.png")
        drawn(speed_plots.roofline, found, Path(config.plots) / "roofline.png")
    return 0


def whole(value: Any, name: str) -> list[int]:
    """
    Raises:
        ValueError: something else than whole numbers.
    """
    values = many(value)
    if any(not isinstance(one, int) or isinstance(one, bool) for one in values):
        raise ValueError(f"{name} must be whole numbers, not {value}")
    return values
