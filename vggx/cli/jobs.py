"""A composed config -> the command's work, shown on screen; returns the exit code."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from vggx import settings

CLASSES = 1000  # of a net whose cost is asked without a number of classes: ImageNet's


def train(config: DictConfig) -> int:
    from vggx.report.tables import show
    from vggx.runner.train import is_first, train

    hydra = HydraConfig.get()
    number = int(hydra.job.num) if hydra.mode == RunMode.MULTIRUN else None
    resume = Path(config.resume) if config.resume else None
    summary = train(settings.resolve(config), job=number, resume=resume)
    if not is_first():
        return 0
    names = ("modality", "plan", "params", "macs", "epochs", "val_accuracy", "test_accuracy", "train_seconds")
    show([{name: summary[name] for name in names}])
    ways = [f"{name} {count}" for name, count in summary["data"]["read_by"].items() if isinstance(count, int) and count]
    if ways:
        print(f"files read by: {', '.join(ways)}")
    if summary["bad_files"]:
        print(f"{len(summary['bad_files'])} unreadable files were skipped; summary.json lists them")
    print(f"run: {summary['run']}")
    return 0


def evaluate(config: DictConfig) -> int:
    from vggx.report.tables import show
    from vggx.runner.evaluate import evaluate

    found = evaluate(settings.resolve(config), Path(config.run), config.split)
    low, high = found["accuracy_interval_95"]
    shown = {name: value for name, value in found.items() if not isinstance(value, list | dict)}
    show([{**shown, **found["views"], "95 % interval": f"{low:.3f} to {high:.3f}"}])
    return 0


def predict(config: DictConfig) -> int:
    from vggx.report import rows
    from vggx.runner.predict import predict

    inputs = [config.inputs] if isinstance(config.inputs, str) else list(config.inputs)
    options: dict[str, Any] = {key: config[key] for key in ("top", "device", "batch_size", "num_workers")}
    rows.check(config.format, config.output)
    found = predict(Path(config.run), [str(name) for name in inputs], **options)
    if config.format == "json":
        rows.write(found, "json", config.output)
    elif config.format == "csv":
        places = max(len(row["classes"]) for row in found)
        rows.write([columns(row, places) for row in found], "csv", config.output)
    else:
        rows.write([line(row) for row in found], "table", None)
    return 1 if any(row["error"] for row in found) else 0


def columns(row: dict[str, Any], places: int) -> dict[str, Any]:
    """A prediction with a column for each place: path, class_1, score_1, ..., error."""
    flat: dict[str, Any] = {"path": row["path"]}
    for place in range(places):
        known = place < len(row["classes"])
        flat[f"class_{place + 1}"] = row["classes"][place] if known else None
        flat[f"score_{place + 1}"] = row["scores"][place] if known else None
    return flat | {"error": row["error"]}


def line(row: dict[str, Any]) -> dict[str, Any]:
    """A prediction for people: all places in one column, or the error."""
    pairs = zip(row["classes"], row["scores"], strict=True)
    return {"path": row["path"], "classes": ", ".join(f"{name} {score:.3f}" for name, score in pairs) or row["error"]}


def cost(config: DictConfig) -> int:
    from vggx.report import cost_plots, cost_tables, rows
    from vggx.runner.cost import cost
    from vggx.runner.variants import variants

    rows.check(config.format, config.output)
    if not isinstance(config.memory, bool):
        raise ValueError(f"memory must be true or false, not {config.memory}")
    terms = terms_of(config, device=OmegaConf.to_object(config.device) if config.get("device") else None)
    nets, left_out = variants(config)
    found = cost(nets, terms, config.by, names_of(config.compare), memory=config.memory)
    if config.plots:
        draw = cost_plots.params_flops if config.by == "net" else cost_plots.by_part
        draw(found["rows"], Path(config.plots) / ("params_flops.png" if config.by == "net" else f"by_{config.by}.png"))
    if config.format == "table":
        cost_tables.show(found, config.by)
    else:
        rows.write(found["rows"], config.format, config.output, whole=found)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    return 0


def budget(config: DictConfig) -> int:
    from vggx.progress import waiting
    from vggx.report import rows
    from vggx.runner.budget import Limits, budget

    rows.check(config.format, config.output)
    memory = None if config.memory is None else config.memory * 2**30
    limits = Limits(macs=config.macs, params=config.params, memory=memory)
    usual = settings.usual_settings(OmegaConf.create({"modality": config.modality, "recipe": config.recipe}))
    terms = terms_of(config)
    with waiting(f"looking for the largest {config.find}"):
        found = budget(usual, config.find, limits, terms)
    rows.write(found, config.format, config.output, whole={"convention": terms.convention, "rows": found})
    return 0


def growth(config: DictConfig) -> int:
    from vggx.report import cost_plots, rows, tables
    from vggx.runner.growth import curves, growth
    from vggx.runner.variants import modalities

    rows.check(config.format, config.output)
    nets = [settings.usual(modality) for modality in modalities(config)]
    found = growth(nets, number_of_classes(config))
    if config.plots:
        cost_plots.growth(curves(nets, number_of_classes(config)), Path(config.plots) / "growth.png")
    if config.format == "table":
        print(found["convention"])
        tables.show([{name: value for name, value in row.items() if name != "factors"} for row in found["rows"]])
    else:
        rows.write(found["rows"], config.format, config.output, whole=found)
    return 0


def terms_of(config: DictConfig, device: Any = None) -> Any:
    """What costs are told in."""
    from vggx.runner.cost import Terms

    return Terms(number_of_classes(config), config.precision, float(config.fps), device)


def number_of_classes(config: DictConfig) -> int:
    """The run's where there is a run, ImageNet's where none are given."""
    return int(config.classes or (classes_of(Path(config.run)) if config.run else CLASSES))


def names_of(given: Any) -> list[str]:
    """`compare=a` and `compare=[a,b]` alike."""
    return [given] if isinstance(given, str) else list(given or [])


def classes_of(run: Path) -> int:
    from vggx.weights.store import read_card

    return len(read_card(run)["classes"])


def preview(config: DictConfig) -> int:
    from vggx.runner.preview import preview

    found = preview(settings.resolve(config), config.split, config.count, config.output)
    for reason in found["bad_files"].values():
        print(f"skipped a {found['split']} file: {reason}")
    print(f"{found['samples']} {found['split']} samples: {found['output']}")
    return 0


def stats(config: DictConfig) -> int:
    from vggx.report import data_stats, rows
    from vggx.runner.data_stats import stats

    rows.check(config.format, config.output)
    if not isinstance(config.measure, bool):
        raise ValueError(f"measure must be true or false, not {config.measure}")
    summary, files = stats(settings.resolve(config), measured=config.measure)
    if config.format == "table":
        data_stats.show(summary)
    else:
        rows.write(files, config.format, config.output, whole=summary)
    return 0


JOBS: dict[str, Callable[[DictConfig], int]] = {
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
    "cost": cost,
    "cost budget": budget,
    "cost growth": growth,
    "data preview": preview,
    "data stats": stats,
}
