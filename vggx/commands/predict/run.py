"""A composed config -> `vggx predict`, shown on screen; the exit code."""

from pathlib import Path
from typing import Any

from vggx.commands.predict.options import Options
from vggx.keys import Job
from vggx.report import rows
from vggx.runner.predict import predict


def run(options: Options, job: Job) -> int:
    found = predict(
        Path(options.run or str(options.weights)),
        options.inputs,
        top=options.top,
        device=options.device,
        batch_size=options.batch_size,
        num_workers=options.num_workers,
        whole=options.whole,
        frame_scores=options.frame_scores,
    )
    if options.format == "table":
        rows.write([line(row) for row in found], "table", None)
    else:
        places = max(len(row["classes"]) for row in found)
        rows.write([columns(row, places) for row in found], options.format, options.output, whole=found)
    return 1 if any(row["error"] for row in found) else 0


def columns(row: dict[str, Any], places: int) -> dict[str, Any]:
    """A prediction with a column for each place: path, class_1, score_1, ..., error."""
    flat: dict[str, Any] = {"path": row["path"]}
    for place in range(places):
        known = place < len(row["classes"])
        flat[f"class_{place + 1}"] = row["classes"][place] if known else None
        flat[f"score_{place + 1}"] = row["scores"][place] if known else None
    return flat | {name: row[name] for name in ("error", "frame_scores") if name in row}


def line(row: dict[str, Any]) -> dict[str, Any]:
    """A prediction for people: all places in one column, or the error."""
    pairs = zip(row["classes"], row["scores"], strict=True)
    return {"path": row["path"], "classes": ", ".join(f"{name} {score:.3f}" for name, score in pairs) or row["error"]}
