"""A composed config -> `vggx cost`, `vggx cost budget`, `vggx cost growth`, shown on screen; the exit code."""

import re
import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from vggx import settings
from vggx.cli.sweeps import numbered

CLASSES = 1000  # of a net whose cost is asked without a number of classes: ImageNet's
SIZES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def cost(config: DictConfig) -> int:
    from vggx.report import cost_plots, cost_tables, rows
    from vggx.runner.cost import Terms, cost
    from vggx.runner.variants import variants

    output = numbered(config.output)
    rows.check(config.format, output)
    if not isinstance(config.memory, bool):
        raise ValueError(f"memory must be true or false, not {config.memory}")
    device: Any = OmegaConf.to_object(config.device) if config.get("device") else None
    terms = Terms(classes_of(config), config.precision, number(config.fps, "fps"), device)
    nets, left_out = variants(config)
    found = cost(nets, terms, config.by, names_of(config.compare), memory=config.memory)
    if config.format == "table":
        cost_tables.show(found, config.by)
    else:
        rows.write(found["rows"], config.format, output, whole=found, heading=found["convention"])
    if config.plots:
        picture = Path(config.plots) / ("params_flops.png" if config.by == "net" else f"by_{config.by}.png")
        draw = cost_plots.params_flops if config.by == "net" else cost_plots.by_part
        drawn(draw, found["rows"], picture)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    return 0


def budget(config: DictConfig) -> int:
    from vggx.progress import waiting
    from vggx.report import cost_tables, rows
    from vggx.runner.budget import CONVENTION, Limits, budget
    from vggx.runner.cost import Terms

    output = numbered(config.output)
    rows.check(config.format, output)
    given = {name: number(config[name], name) for name in ("macs", "params", "memory") if config[name] is not None}
    if "memory" in given:
        given["memory"] *= 2**30
    usual = settings.usual_settings(OmegaConf.create({"modality": config.modality, "recipe": config.recipe}))
    terms = Terms(classes_of(config), config.precision, number(config.fps, "fps"))
    with waiting(f"looking for the largest {config.find}"):
        found = budget(usual, config.find, Limits(**given), terms)
    if config.format == "table":
        print(CONVENTION)
        cost_tables.show_budget(found, config.find)
    else:
        whole = {"convention": CONVENTION, "rows": found}
        rows.write(found, config.format, output, whole=whole, heading=CONVENTION)
    return 0


def growth(config: DictConfig) -> int:
    from vggx.report import cost_plots, rows, tables
    from vggx.runner.growth import curves, growth
    from vggx.runner.variants import modalities

    output = numbered(config.output)
    rows.check(config.format, output)
    nets = [settings.usual(modality) for modality in modalities(config)]
    found = growth(nets, classes_of(config))
    flat = [flattened(row) for row in found["rows"]]
    if config.format == "table":
        print(found["convention"])
        tables.show([{k: v for k, v in row.items() if not k.startswith("factor_")} for row in flat])
    else:
        rows.write(flat, config.format, output, whole=found, heading=found["convention"])
    if config.plots:
        drawn(cost_plots.growth, curves(nets, classes_of(config)), Path(config.plots) / "growth.png")
    return 0


def flattened(row: dict[str, Any]) -> dict[str, Any]:
    """A law with a column for the factor of each power."""
    factors = {f"factor_{power}": row["factors"].get(str(power)) for power in (2, 1, 0)}
    return {name: value for name, value in row.items() if name != "factors"} | factors


def drawn(draw: Any, rows: Any, path: Path) -> None:
    """Draw the rows, and say where, on the error stream: what a command prints can be piped."""
    path = Path(str(numbered(str(path))))
    draw(rows, path)
    print(f"picture: {path}", file=sys.stderr)


def number(value: Any, name: str) -> float:
    """A positive number, or one with the prefix that the tables show: 200G; GiB of memory take none.

    Raises:
        ValueError: anything else.
    """
    gib = name == "memory"
    read = re.fullmatch(r"([\d.]+(?:[eE][+-]?\d+)?) ?([kMGT]?)", str(value))
    try:
        made = float(read[1]) * SIZES[read[2]] if read and not (gib and read[2]) else 0.0
    except ValueError:
        made = 0.0
    if not 0 < made < float("inf"):
        right = "number of GiB, such as 24" if gib else "number, such as 24, 5e6 or 200G"
        raise ValueError(f"{name} must be a positive {right}, not {value}")
    return made


def classes_of(config: DictConfig) -> int:
    """Those given, else the run's where there is a run, else ImageNet's."""
    if config.classes is not None:
        if not isinstance(config.classes, int) or isinstance(config.classes, bool) or config.classes < 1:
            raise ValueError(f"classes must be a whole number of 1 or more, not {config.classes}")
        return config.classes
    if not config.run:
        return CLASSES
    from vggx.weights.store import outputs_of, read_card

    return outputs_of(read_card(Path(config.run)))


def many(given: Any) -> list[Any]:
    """`key=a` and `key=[a,b]` alike."""
    return list(given) if isinstance(given, ListConfig) else [given]


def names_of(given: Any) -> list[str]:
    """The names of `compare`, one or several.

    Raises:
        ValueError: a list of something else than names.
    """
    if given is None:
        return []
    names = many(given)
    if any(not isinstance(name, str) for name in names):
        raise ValueError(f"compare is a list of library:net, such as [torchvision:r3d_18], not {given}")
    return names
