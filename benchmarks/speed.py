"""How fast nets train and infer here: ours, and peers as their own libraries run them, in turn in one process.

    python benchmarks/speed.py                       minutes on two CPU cores
    python benchmarks/speed.py --device cuda         large batches, bf16, torch.compile and CUDA graphs as well
    python benchmarks/speed.py --only audio --repeats 2 --output /tmp/try.json

`vggx benchmark` times what its words name; this is the set of comparisons that the pages speak of. Writes
benchmarks/results/speed_<device>.json and two pictures beside it. Exit code 1 where a goal is missed.
"""

import argparse
import platform
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from pages import fill

from vggx import configs, files, settings
from vggx.commands.benchmark import plots
from vggx.commands.benchmark import tables as report
from vggx.commands.benchmark.benchmark import Terms, benchmark
from vggx.cost.speed.steps import MODES, Setting
from vggx.options import Settings
from vggx.report.rows import markdown
from vggx.report.tables import quantity, show
from vggx.runner.allocator import keep_freed_memory

RESULTS = Path(__file__).parent / "results"
VERSIONS = ("torch", "torchvision", "pytorchvideo", "timm")
VIDEO_PEERS = [
    *(f"torchvision:{name}" for name in ("r3d_18", "mc3_18", "r2plus1d_18")),
    *(f"pytorchvideo:{name}" for name in ("c2d_r50", "i3d_r50", "slow_r50", "x3d_m")),
]


@dataclass(frozen=True)
class Match:
    """A net of ours, peers, and the batch at which they are compared, on a CPU and on a GPU."""

    modality: str
    norm: str
    peers: list[str]
    batches: dict[str, int]


MATCHES = {
    "image": Match("image", "none", ["torchvision:vgg16", "timm:vgg16"], {"cpu": 8, "cuda": 256}),
    "image_bn": Match("image", "batch", ["torchvision:vgg16_bn"], {"cpu": 8, "cuda": 256}),
    "video": Match("video", "none", VIDEO_PEERS, {"cpu": 1, "cuda": 32}),
    "audio": Match("audio", "none", ["torchvision:vgg16"], {"cpu": 64, "cuda": 512}),
}
LAST, PLAIN = Setting(channels_last=True), Setting()
BF16 = replace(LAST, precision="bf16-mixed")
SETTINGS = {
    "cpu": [LAST, PLAIN, replace(LAST, compile=True)],
    "cuda": [
        LAST,
        BF16,
        replace(BF16, channels_last=False),
        replace(BF16, compile=True),
        replace(BF16, cuda_graphs=True),
    ],
}


def net(match: Match) -> Settings:
    """Plan D with a user's usual options."""
    modality, recipe = configs.load(f"modality/{match.modality}"), configs.load("recipe/default")
    modality.net.plan, modality.net.norm = "D", match.norm
    return settings.usual_settings(OmegaConf.create({"modality": modality, "recipe": recipe}))


def settings_of(name: str, device: torch.device) -> list[Setting]:
    """torch has no channels-last order in dims 1; on a CPU 16 bits are tried on images alone, for the sake of time."""
    of_device = [how for how in SETTINGS[device.type] if how.channels_last or name != "audio"]
    return [*of_device, BF16] if (device.type, name) == ("cpu", "image") else of_device


def run(names: list[str], device: torch.device, repeats: int, seconds: float, profile: bool) -> dict[str, Any]:
    """Trained at the batch of the comparison; single answers, too."""
    found: dict[str, Any] = {"rows": [], "profiles": []}
    for name, mode in product(names, MODES):
        match = MATCHES[name]
        most = match.batches[device.type]
        terms = Terms(
            modes=(mode,),
            batch_sizes=[most] if mode == "train" else sorted({1, most}),
            settings=settings_of(name, device),
            repeats=repeats,
            seconds=seconds,
            profile=profile,
        )
        one = benchmark([net(match)], match.peers, terms, device)
        found = one | {key: found[key] + one[key] for key in ("rows", "profiles")}
        print(f"{name}, {mode}: {len(one['rows'])} rows", flush=True)
    return found


def goals(rows: list[dict[str, Any]], device: str) -> list[dict[str, Any]]:
    """What is aimed at, and what was reached, at the batch of the comparison; ours in the default setting."""
    default = LAST if device == "cpu" else BF16
    found = []
    for row in rows:
        match = MATCHES[row["modality"]]
        ours = {name: row[name] for name in vars(default)} == vars(default) and not row["peer"]
        if not ours or row["batch_size"] != match.batches[device] or row["error"]:
            continue
        name = f"{row['net']}, {row['modality']}, {row['mode']}"
        for goal, least, reached in wanted(row, rows, device):
            found.append({"net": name, "goal": goal, "at_least": least, "reached": reached, "met": reached >= least})
    return found


def wanted(row: dict[str, Any], rows: list[dict[str, Any]], device: str) -> list[tuple[str, float, float]]:
    ratios = [one for one in row["against"] if one["precision"] == "32-true"]
    if device == "cuda":
        rates = {("image", "train"): 5100.0, ("video", "train"): 790.0}
        goals = [(f"times {one['net']} in its default recipe", 1.5, one["median"]) for one in ratios]
        if (row["modality"], row["mode"]) in rates:
            goals.append(("samples/s", rates[row["modality"], row["mode"]], row["samples_per_second"]))
        elif row["mode"] == "infer" and row["modality"] != "audio":
            goals.append(("MFU", 0.75, row["mfu"]))
        if row["predicted_memory"]:
            goals.append(("of the peak memory was predicted", 0.9, row["predicted_memory"] / row["peak_memory"]))
        return goals
    least = 10.0 if row["modality"] == "audio" else 1.0
    goals = [(f"times {one['net']}", least, one["median"]) for one in ratios if "vgg" in one["net"]]
    keys = ("net", "modality", "mode", "batch_size", "precision")
    others = [other for other in rows if all(other[key] == row[key] for key in keys) and not other["error"]]
    fastest = max(other["samples_per_second"] for other in others)
    # within what two medians of the same thing differ by on a machine that has other work
    return [*goals, ("of the fastest setting in this precision", 0.97, row["samples_per_second"] / fastest)]


def tables(rows: list[dict[str, Any]], reached: list[dict[str, Any]]) -> dict[str, str]:
    """Of benchmarks/README.md: ours in every setting and peers in their default, at the batch of each comparison."""
    shown = [row for row in map(report.flattened, rows) if not row["peer"] or row["precision"] == "32-true"]
    largest = {
        row["modality"]: max(other["batch_size"] for other in rows if other["modality"] == row["modality"])
        for row in rows
    }
    lines = [line(row) for row in shown if row["batch_size"] == largest[row["modality"]]]
    single = [
        {"modality": row["modality"], "net": row["net"], "how": row["setting"]}
        | {f"{name} ms": row[name] for name in ("p50", "p95", "p99")}
        for row in shown
        if row["p50"] is not None
    ]
    return {"rates": markdown(lines), "latency": markdown(single), "goals": markdown(reached)}


def line(row: dict[str, Any]) -> dict[str, Any]:
    known = {
        "modality": row["modality"],
        "mode": row["mode"],
        "batch": row["batch_size"],
        "net": row["net"],
        "how": row["setting"],
    }
    if row["error"]:
        return known | {"samples/s": row["error"], "quartiles": None, "MFU": None, "roofline": None}
    found = {"samples/s": quantity(row["samples_per_second"]), "quartiles": row["quartiles"]}
    shares = {
        name: None if row[key] is None else f"{row[key]:.2f}"
        for name, key in (("MFU", "mfu"), ("roofline", "roofline_share"))
    }
    return known | found | shares


def machine(device: torch.device) -> dict[str, Any]:
    versions = {"python": platform.python_version(), **{name: metadata.version(name) for name in VERSIONS}}
    return {
        "threads": torch.get_num_threads(),
        "cudnn": torch.backends.cudnn.version() if device.type == "cuda" else None,
        "versions": versions,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--only", nargs="+", default=list(MATCHES), choices=list(MATCHES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="that each runs in a round, one step at the least")
    parser.add_argument("--profile", action="store_true", help="where the time of our nets goes, too")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    device = torch.device(options.device)
    keep_freed_memory()
    found = run(options.only, device, options.repeats, options.seconds, options.profile)
    report.show(found)
    reached = goals(found["rows"], device.type)
    show(reached, "Goals")
    output = options.output or RESULTS / f"speed_{device.type}.json"
    how = {
        "repeats": options.repeats,
        "seconds": options.seconds,
        "command": f"python benchmarks/speed.py --device {device.type}",
    }
    files.write_json(output, {**how, **machine(device), **found, "goals": reached})
    if not options.output and set(options.only) == set(MATCHES) and device.type == "cpu":
        page = Path(__file__).parent / "README.md"
        files.write_text(page, fill(page.read_text(encoding="utf-8"), tables(found["rows"], reached)))
    plots.rates(found, output.with_suffix(".png"))
    plots.roofline(found, output.with_name(f"{output.stem}_roofline.png"))
    return int(not all(goal["met"] for goal in reached))


if __name__ == "__main__":
    sys.exit(main())
