"""Nets trained with scale jitter, judged by every protocol of section 3.2 of the paper, over several seeds.

    python benchmarks/protocols.py fashion_mnist fight_surv --data FOLDER

Images of Fashion-MNIST are enlarged to a short side S drawn from [32, 56], clips of fight_surv to one from [64, 96], as
the paper's images are to one from [256, 512]. Writes benchmarks/results/protocols.json, pictures of accuracy against
views, and the tables of benchmarks/README.md.
"""

import argparse
import json
import platform
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from accuracy import train, vggx
from pages import fill

from vggx import files
from vggx.report.rows import markdown
from vggx.report.tables import quantity, show
from vggx.tasks.predictions import wilson_interval

HERE = Path(__file__).parent
RESULTS = HERE / "results"
# name -> split, words of `vggx train`, and of each `vggx evaluate`; {data} is --data
SETS: dict[str, tuple[str, list[str], list[list[str]]]] = {
    "fashion_mnist": (
        "test",
        [
            "experiment=fashion_mnist",
            "modality.data.root={data}/fashion_mnist/idx",
            "modality.data.short_side=[32,56]",
            "modality.data.resize=44",
        ],
        [
            ["protocol=single"],
            ["protocol=dense", "flip=true"],
            ["protocol=dense", "scales=[32,44,56]", "flip=true"],
            ["protocol=crops", "flip=true"],
            ["protocol=both", "scales=[32,44,56]", "flip=true"],
        ],
    ),
    "fight_surv": (
        "val",
        [
            "experiment=fight_surv",
            "modality.data.root={data}/fight_surv",
            "modality.data.short_side=[64,96]",
            "modality.data.resize=80",
        ],
        [
            ["protocol=single", "modality.data.clips=1"],
            ["protocol=single", "modality.data.clips=10", "modality.data.crops=3"],
            ["protocol=dense", "flip=true"],
            ["protocol=dense", "scales=[64,80,96]", "flip=true"],
            ["protocol=crops", "modality.data.clips=10", "modality.data.crops=3", "curve=true"],
            ["protocol=both", "flip=true", "modality.data.clips=10", "modality.data.crops=3"],
        ],
    ),
}
CURVES = "curve=true"


def judged(runs: Sequence[str], split: str, words: Sequence[str]) -> dict[str, Any]:
    """What `vggx evaluate` found of one run, or of several together."""
    which = f"run={runs[0]}" if len(runs) == 1 else f"runs=[{','.join(runs)}]"
    before = set(Path(runs[0]).glob(f"evaluate_{split}*.json"))
    for path in before:
        path.unlink()
    vggx("evaluate", which, f"split={split}", *words)
    (path,) = Path(runs[0]).glob(f"evaluate_{split}*.json")
    return json.loads(path.read_text())


def row(name: str, words: Sequence[str], found: Sequence[dict[str, Any]], nets: int) -> dict[str, Any]:
    """A protocol: the error of every seed, or of the seeds' nets together."""
    first, error = found[0], mean(each["top1_error"] for each in found)
    return {
        "data": name,
        "split": first["split"],
        "protocol": first["protocol"],
        "nets": nets,
        "views": first["views_of_a_file"],
        "files": first["files"],
        "errors": [round(each["top1_error"], 4) for each in found],
        "top1_error": round(error, 4),
        "interval_95": list(wilson_interval(error, first["files"])),
        "intervals_of_seeds": [each["intervals_95"]["top1_error"] for each in found],
        "single_views_error": round(1 - mean(each["clip_accuracy"] for each in found), 4),
        "macro_f1": round(mean(each["macro_f1"] for each in found), 4),
        "calibration_error": round(mean(each["calibration_error"] for each in found), 4),
        "macs": round(mean(each["macs_of_a_file"] for each in found)),
        "seconds": round(mean(each["seconds_of_a_file"] for each in found), 5),
        "words": list(words),
    }


def measured(name: str, seeds: Sequence[int], data: str, extra: Sequence[str]) -> dict[str, Any]:
    split, training, protocols = SETS[name]
    words = [word.replace("{data}", data) for word in training]
    rows, points = [], []
    with tempfile.TemporaryDirectory() as folder:
        summaries = [train([*words, *extra], seed, folder) for seed in seeds]
        runs = [summary["run"] for summary in summaries]
        for protocol in protocols:
            found = [judged([run], split, protocol) for run in runs]
            rows.append(row(name, protocol, found, 1))
            show([{key: rows[-1][key] for key in ("data", "protocol", "views", "errors", "top1_error")}])
            if CURVES in protocol:
                points = found[0]["curve"]
                (picture,) = Path(runs[0]).glob("*_curve.png")
                shutil.copy(picture, RESULTS / f"{name}_views.png")
        if len(runs) > 1:
            together = [word for word in protocols[-1] if word != CURVES]
            rows.append(row(name, together, [judged(runs, split, together)], len(runs)))
    first = summaries[0]
    return {
        "data": name,
        "plan": first["plan"],
        "seeds": list(seeds),
        "epochs": first["epochs"],
        "train_seconds": [summary["train_seconds"] for summary in summaries],
        "precision": first["precision"],
        "device": first["device"],
        "versions": first["versions"],
        "command": "vggx train " + " ".join([*training, *extra]).replace("{data}", "FOLDER"),
        "rows": rows,
        "curve": points,
    }


def table(found: dict[str, Any]) -> str:
    return markdown(
        [
            {
                "protocol": line["protocol"] + (f", {line['nets']} nets" if line["nets"] > 1 else ""),
                "views": f"{line['views']:.4g}",
                "top-1 error, %, by seed": ", ".join(f"{100 * error:.2f}" for error in line["errors"]),
                "mean": f"{100 * line['top1_error']:.2f}",
                "95 % interval": f"{100 * line['interval_95'][0]:.2f} to {100 * line['interval_95'][1]:.2f}",
                "of single views, %": f"{100 * line['single_views_error']:.2f}",
                "calibration error": f"{line['calibration_error']:.3f}",
                "MACs of a file": quantity(line["macs"]),
                "ms of a file": f"{1000 * line['seconds']:.3g}",
            }
            for line in found["rows"]
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=list(SETS), metavar="name", help=", ".join(SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", default="data", help="folder of the real data sets")
    parser.add_argument("--words", nargs="*", default=[], help="more words of `vggx train`")
    options = parser.parse_args()
    path = RESULTS / "protocols.json"
    made = [measured(name, options.seeds, options.data, options.words) for name in options.names]
    before = json.loads(path.read_text())["sets"] if path.is_file() else []
    sets = sorted([*(old for old in before if old["data"] not in options.names), *made], key=lambda each: each["data"])
    files.write_json(path, {"machine": platform.machine(), "sets": sets})
    page = HERE / "README.md"
    tables = {f"protocols_{found['data']}": table(found) for found in made}
    files.write_text(page, fill(page.read_text(encoding="utf-8"), tables))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
