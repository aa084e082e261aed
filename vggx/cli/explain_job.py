"""A composed config -> `vggx explain`, shown on screen; the exit code."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig


def explain(config: DictConfig) -> int:
    from vggx.report import tables
    from vggx.runner.explain import Words, explain

    inputs = [config.inputs] if isinstance(config.inputs, str) else list(config.inputs)
    if config.run and config.weights:
        raise ValueError("run=... and weights=... are two nets: give one of them")
    if config.size is not None and type(config.size) is not int:
        raise ValueError(f"size must be a length in pixels, such as 384, not {config.size}")
    label, layer = (None if config[key] is None else str(config[key]) for key in ("class", "layer"))
    words = Words(label, str(config.how), layer, config.size)
    output = Path(str(config.output))
    run = Path(str(config.run or config.weights))
    found = explain(run, [str(name) for name in inputs], output, words, device=config.device)
    tables.show([line(row) for row in found])
    print(f"pictures, explain.json and explain.csv: {output}")
    return 1 if any(row["error"] for row in found) else 0


def line(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: where each map is greatest in one column, or the error."""
    places = {name: place(row, name) for name in ("scores", "gradcam")}
    where = "; ".join(f"{name} {found}" for name, found in places.items() if found)
    return {
        "path": row["path"],
        "class": row["class"],
        "score": row["score"],
        "greatest at": row["error"] or where,
    }


def place(row: dict[str, Any], name: str) -> str:
    """x 17.5, y 3: of a map what its row tells."""
    words = {key.removeprefix(f"{name}_"): value for key, value in row.items() if key.startswith(f"{name}_")}
    return ", ".join(f"{word} {value:.4g}" for word, value in words.items() if isinstance(value, int | float))
