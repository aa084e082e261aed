"""How fast samples come, and where the time goes: datamodules, long films, kinds of file, kept maps of sound.

    python benchmarks/loading.py                       the embedded data
    python benchmarks/loading.py --data FOLDER         real data and films too; writes the tables of the pages

Every ratio is of two ways that read the same files in turn, in one process: the median of the pairs, and the quartiles
between which the middle half of them lies. Prints the tables and writes benchmarks/results/loading.json.
"""

import argparse
import os
import platform
from importlib import metadata
from pathlib import Path

import torch
from films import exactness, long_films, peers
from kept_maps import sounds, training
from loops import WORKERS, Row, datamodules, shares
from pages import fill
from turns import spread

from vggx import files
from vggx.report.rows import markdown
from vggx.report.tables import show

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks/results/loading.json"
VERSIONS = ("torch", "torchvision", "decord", "av", "soundfile", "soxr", "pytorchvideo")
PARTS = ("opening", "decoding", "transforms", "collate", "rest")


def tables(found: dict[str, list[Row]]) -> dict[str, dict[str, str]]:
    """{page: {name of a table: Markdown}}"""
    exact = [
        {
            "the clip as": row["kind"],
            "read by": row["read_by"],
            "wrong by decord": f"{row['wrong_by_decord']:.1%}",
            "wrong by vggx": f"{row['wrong_by_ours']:.1%}",
            "vggx to decord": spread(row, "ours_to_decord"),
        }
        for row in found["exactness"]
    ]
    loops = [
        {"data": row["data"]} | {f"workers: {n}": spread(row, f"workers_{n}_to_loop") for n in WORKERS}
        for row in found["datamodules"]
    ]
    beside = [
        {"data": row["data"], "against": row["peer"], "vggx is so many times as fast": spread(row, "ours_to_peer")}
        for row in found["peers"]
    ]
    parts = [
        {"data": row["data"], "microseconds a sample": row["microseconds"]}
        | {p: f"{max(0.0, row[p]):.0%}" for p in PARTS}
        for row in found["shares"]
    ]
    films = [
        {"film": row["film"], "against": row["peer"], "vggx is so many times as fast": spread(row, "ours_to_peer")}
        for row in found["long_films"]
    ]
    kept = [
        {
            "data": row["data"],
            "waveforms, samples a second": row["waveforms_per_second"],
            "maps made now": spread(row, "cold_to_waveforms"),
            "maps known": spread(row, "warm_to_waveforms"),
        }
        for row in found["kept_maps"]
    ]
    trained = [
        {
            "the net is fed": {"waveforms": "waveforms", "cold": "maps made now", "warm": "maps known"}[row["way"]],
            "seconds of the epochs": row["epochs_seconds"],
            "of the command": row["command_seconds"],
            "so many times as fast": spread(row, "epochs_faster"),
            "test accuracy": f"{row['accuracy']:.4f}",
        }
        for row in found["training"]
    ]
    return {
        "README.md": {"exactness": markdown(exact), "loading": markdown(loops), "peers": markdown(beside)},
        "benchmarks/README.md": {"shares": markdown(parts), "films": markdown(films)},
        "modalities/audio/README.md": {"kept": markdown(kept), "trained": markdown(trained)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the real data sets")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--files", type=int, default=400, help="of each data set, at most")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, repeats, most = options.data, options.repeats, options.files
    clip = data / "media/video/mmaction2__demo.mp4" if data else None
    few = max(3, repeats // 3)  # of what takes minutes
    found = {
        "datamodules": list(datamodules(data, repeats, most)),
        "shares": list(shares(data, repeats, most)),
        "kept_maps": list(sounds(data, repeats, most)),
        "peers": list(peers(data, few, most)),
        "exactness": list(exactness(clip, few)) if clip else [],
        "long_films": list(long_films(clip, few)) if clip else [],
        "training": list(training(data, few)),
    }
    for name, rows in found.items():
        if rows:
            show(rows, name)
    versions = {"python": platform.python_version()} | {name: metadata.version(name) for name in VERSIONS}
    machine = {"machine": f"{os.cpu_count()} CPU cores, {platform.machine()}", "versions": versions}
    command = "python benchmarks/loading.py --data FOLDER"
    how = {"repeats": repeats, "repeats_of_long_ones": few, "files": most, "command": command}
    files.write_json(options.output, {**machine, **how, **found})
    print(f"written to {options.output}")
    if data and options.output == RESULT:
        write_pages(found)


def write_pages(found: dict[str, list[Row]]) -> None:
    for page, made in tables(found).items():
        path = ROOT / page
        files.write_text(path, fill(path.read_text(encoding="utf-8"), made))


if __name__ == "__main__":
    main()
