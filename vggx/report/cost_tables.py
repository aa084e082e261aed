"""rows of `vggx cost` -> tables for the screen: a few columns each, in four figures; the files hold every digit."""

from collections.abc import Mapping, Sequence
from typing import Any

from vggx.report import tables
from vggx.report.tables import quantity

Row = Mapping[str, Any]
Columns = dict[str, str]

NAMES = {"modality": "modality", "plan": "plan"}
COST = {
    "norm": "norm",
    "input_shape": "input",
    "params": "params",
    "conv_params": "convolutions",
    "classifier_params": "classifier",
    "macs": "MACs",
    "flops": "FLOPs",
    "flops_train": "FLOPs train",
    "frontend_flops": "front-end",
    "activations": "activations",
    "published_gmacs": "published GMACs",
}
FAIR = {
    "input": "one sample is",
    "seconds_of_input": "seconds",
    "views": "views",
    "flops_per_decision": "FLOPs a decision",
    "flops_per_second": "FLOPs a second",
    "flops_per_parameter": "FLOPs a parameter",
}
MOVED = {"saved_bytes": "saved B", "moved_bytes": "moved B", "intensity": "FLOP/B"}
PEAK = {
    "batch_size": "batch",
    "optimizer": "optimizer",
    "peak_memory": "peak B",
    "parameters_memory": "params B",
    "gradients_memory": "gradients B",
    "optimizer_memory": "optimizer B",
    "activations_memory": "activations B",
    "temporary_memory": "temporary B",
    "measured_memory": "measured B",
}
LIMIT = {
    "batch_size": "batch",
    "max_infer_per_second": "inferred a second",
    "max_train_per_second": "trained a second",
    "max_mfu": "MFU",
    "memory_bound_share": "bound by memory",
}
PART = {
    "block": "block",
    "layer": "layer",
    "output": "output",
    "params": "params",
    "macs": "MACs",
    "flops": "FLOPs",
    "flops_train": "FLOPs train",
    "activations": "activations",
    **MOVED,
    "infer_us": "infer us",
    "train_us": "train us",
    "bound": "bound by",
}


def show(found: Mapping[str, Any], by: str) -> None:
    """The convention, then the tables that the rows have columns for."""
    rows = found["rows"]
    print(found["convention"])
    if by != "net":
        show_columns(rows, PART)
        return
    show_columns(rows, COST, "What a net costs")
    show_columns(rows, FAIR, "The same by decision, by second of input and by parameter")
    show_columns([row for row in rows if row["saved_bytes"] is not None], MOVED, "What it keeps and moves of a sample")
    for name, columns in (("peak_memory", PEAK), ("device", LIMIT)):
        having = [row for row in rows if row.get(name) is not None]
        if having:
            title = f"The most that {having[0]['device']} can do" if name == "device" else "Memory of a training step"
            show_columns(having, columns, title)
    for row in rows:
        if row.get("note"):
            print(f"{row['plan']}: {row['note']}")


def show_columns(rows: Sequence[Row], columns: Columns, title: str | None = None) -> None:
    shown = {name: word for name, word in (NAMES | columns).items() if any(row.get(name) is not None for row in rows)}
    tables.show([{word: row.get(name) for name, word in shown.items()} for row in rows], title, words=quantity)
