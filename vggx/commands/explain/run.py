"""A composed config -> `vggx explain`, shown on screen; the exit code."""

from pathlib import Path
from typing import Any

from vggx.commands.explain.explain import Words, explain
from vggx.commands.explain.options import Options
from vggx.keys import Job
from vggx.report import tables


def run(options: Options, job: Job) -> int:
    net, output = Path(options.run or str(options.weights)), Path(options.output)
    words = Words(options.label, options.how, options.layer, options.size)
    found = explain(net, options.inputs, output, words, device=options.device)
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
