"""rows of `vggx benchmark` -> tables for the screen, and flat rows for CSV and Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from vggx.cost.speed.steps import Setting
from vggx.report import tables
from vggx.report.tables import quantity

Row = Mapping[str, Any]

CONVENTION = (
    "Samples a second: median of rounds in which all take their turn, between their quartiles. MFU: FLOPs (= 2 MACs)\n"
    "of the net a second, of those of a matrix product in the same precision and rounds. Roofline: the least time by\n"
    "that and the bandwidth of a copy, of the time taken. Nets are given their input on the device"
)


def show(found: Mapping[str, Any]) -> None:
    print(CONVENTION)
    limits = [f"{name}: {quantity(f)}FLOP/s, {quantity(b)}B/s" for name, (f, b) in ceilings(found["rows"]).items()]
    print(f"{found['device']}, reached: {'; '.join(limits)}")
    rows = found["rows"]
    for key in dict.fromkeys((row["modality"], row["mode"], row["batch_size"]) for row in rows):
        own = [row for row in rows if (row["modality"], row["mode"], row["batch_size"]) == key]
        modality, mode, batch = key
        tables.show([line(row, own) for row in own], f"{modality}, {mode}, batch {batch}", words=quantity)
    for warning in dict.fromkeys(row["warning"] for row in rows if row["warning"]):
        print(f"warning: {warning}")
    for profile in found["profiles"]:
        title = f"{profile['net']}, {profile['mode']}, batch {profile['batch_size']}, {setting_of(profile)}: "
        tables.show(profile["kernels"], f"{title}kernels")
        if profile["layers"]:
            tables.show(profile["layers"], f"{title}layers")


def ceilings(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """{precision: the greatest FLOP/s of a product and bytes/s of a copy that any comparison saw}."""
    found: dict[str, tuple[float, float]] = {}
    for row in rows:
        if row["error"] is None:
            flops, moved = found.get(row["precision"], (0.0, 0.0))
            both = max(flops, row["device_flops_per_second"]), max(moved, row["device_bytes_per_second"])
            found[row["precision"]] = both
    return found


def line(row: Row, own: Sequence[Row]) -> dict[str, Any]:
    """A row for people; columns that no row of its table fills are left out."""
    flat = flattened(row)
    filled = [name for name in SHOWN if any(flattened(other)[name] is not None for other in own)]
    return {SHOWN[name]: flat[name] for name in filled}


SHOWN = {
    "net": "net",
    "setting": "how",
    "samples_per_second": "samples/s",
    "quartiles": "quartiles",
    "p50": "p50 ms",
    "p95": "p95 ms",
    "p99": "p99 ms",
    "mfu": "MFU",
    "roofline_share": "roofline",
    "times": "times the first peer",
    "peak_memory": "peak memory",
    "joules_per_sample": "J a sample",
    "error": "error",
}


def flat(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of single values: percentiles in columns of their own, and of the ratios that to the first peer."""
    return [{name: value for name, value in flattened(row).items() if name not in NESTED} for row in rows]


NESTED = ("latency_ms", "against", "quartiles")


def setting_of(row: Row) -> str:
    return Setting(**{name: row[name] for name in Setting.__dataclass_fields__}).words()


def flattened(row: Row) -> dict[str, Any]:
    times = next((one["median"] for one in row["against"] or () if one["precision"] == row["precision"]), None)
    quartiles = None if row["low"] is None else f"{quantity(row['low'])} to {quantity(row['high'])}"
    latency = row["latency_ms"] or dict.fromkeys(("p50", "p95", "p99"))
    return {
        **row,
        "setting": setting_of(row),
        "quartiles": quartiles,
        **latency,
        "times": times,
    }
