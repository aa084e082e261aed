"""rows of `vggx cost` -> tables for the screen: a few columns each, in four figures; the files hold every digit."""

from collections.abc import Mapping, Sequence
from typing import Any

from vggx.report import tables
from vggx.report.tables import quantity

Row = dict[str, Any]
Columns = dict[str, str]

NAMES = {"modality": "modality", "plan": "plan"}
STORED = {
    "norm": "norm",
    "input_shape": "input",
    "params": "params",
    "conv_params": "convolutions",
    "classifier_params": "classifier",
}
WORK = {
    "macs": "MACs",
    "flops": "FLOPs",
    "flops_train": "FLOPs train",
    "frontend_flops": "front-end FLOPs",
    "activations": "activations",
    "published_gmacs": "published GMACs",
}
FAIR = {
    "input": "one sample is",
    "views": "views",
    "flops_per_decision": "FLOPs per decision",
    "flops_per_second": "per second",
    "flops_per_parameter": "per parameter",
}
MOVED = {"saved_bytes": "saved bytes", "moved_bytes": "moved bytes", "intensity": "intensity"}
BATCH = {"batch_size": "batch"}
PEAK = {
    "optimizer": "optimizer",
    "peak_memory": "peak GiB",
    "parameters_memory": "params",
    "gradients_memory": "gradients",
    "optimizer_memory": "optimizer state",
    "activations_memory": "activations",
    "temporary_memory": "temporary",
    "buffers_memory": "buffers",
    "measured_memory": "measured",
    "fits_device": "fits the device",
}
LIMIT = {
    "max_infer_per_second": "inferred a second",
    "max_train_per_second": "trained a second",
    "max_mfu": "MFU",
    "memory_bound_share": "share of time bound by memory",
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
    "batch_size": "batch",
    "infer_us": "us, infer",
    "train_us": "us, train",
    "bound": "bound by",
}


def show(found: Mapping[str, Any], by: str) -> None:
    """The convention, then the tables that the rows have columns for."""
    rows = [row | {"input_shape": folded(row)} for row in found["rows"]]
    print(found["convention"].replace(". ", ".\n"))
    if by != "net":
        show_columns(rows, PART)
        return
    show_columns(rows, STORED, "Parameters")
    show_columns(rows, WORK, "Work of one sample")
    show_columns(rows, FAIR, "The same by decision, by second of input and by parameter, front-end included")
    show_columns(having(rows, "saved_bytes"), BATCH | MOVED, "What a sample keeps and moves, FLOPs a byte moved")
    peaks = [
        {name: gib(value) if name.endswith("_memory") else value for name, value in row.items()}
        for row in having(rows, "peak_memory")
    ]
    show_columns(peaks, BATCH | PEAK, "Peak memory of a training step, GiB")
    limits = having(rows, "device")
    show_columns(limits, BATCH | LIMIT, f"The most that {limits[0]['device']} can do" if limits else None)
    for row in having(rows, "note"):
        if row["note"]:
            print(f"{row['plan']}: {row['note']}")


def show_budget(rows: Sequence[Row], find: str) -> None:
    """What was found and what fits: the largest, and the next one that does not."""
    columns = {find: find, "fits": "fits", "params": "params", "macs": "MACs", "peak_memory": "peak GiB"}
    shown = [row | {"peak_memory": gib(row["peak_memory"]), find: tables.words(row[find])} for row in rows]
    show_columns(shown, columns, f"The largest {find} that fits, and the next")


def folded(row: Row) -> Any:
    """The input's shape, and how many of it a sample folds into the batch where it does."""
    shape = row.get("input_shape")
    return f"{row['rows']} x ({tables.words(shape)})" if (row.get("rows") or 1) > 1 else shape


def gib(size: int | None) -> str | None:
    return None if size is None else f"{size / 2**30:.3f}"


def having(rows: Sequence[Row], name: str) -> list[Row]:
    return [row for row in rows if row.get(name) is not None]


def show_columns(rows: Sequence[Row], columns: Columns, title: str | None = None) -> None:
    if not rows:
        return
    shown = {name: word for name, word in (NAMES | columns).items() if any(row.get(name) is not None for row in rows)}
    tables.show([{word: row.get(name) for name, word in shown.items()} for row in rows], title, words=quantity)
