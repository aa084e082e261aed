"""Train the embedded and the real data sets over several seeds; print a table and write benchmarks/results/*.json.

python benchmarks/accuracy.py digits moving_digits tones tones_pooled
python benchmarks/accuracy.py fashion_mnist spoken_digits spoken_digits_speaker fight_surv --data FOLDER
python benchmarks/accuracy.py digits moving_digits tones -- trainer.accelerator=gpu trainer.precision=bf16-mixed
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from vggx import files
from vggx.report.tables import show
from vggx.tasks.predictions import wilson_interval

RESULTS = Path(__file__).parent / "results"
# name -> words of `vggx train`; {data} is --data
SETS = {
    "digits": ["experiment=digits"],
    "moving_digits": ["experiment=moving_digits"],
    "tones": ["experiment=tones"],
    "tones_pooled": ["experiment=tones_pooled"],
    "fashion_mnist": ["experiment=fashion_mnist", "modality.data.root={data}/fashion_mnist/idx"],
    "fashion_mnist_modern": ["experiment=fashion_mnist_modern", "modality.data.root={data}/fashion_mnist/idx"],
    "spoken_digits": ["experiment=spoken_digits", "modality.data.root={data}/fsdd"],
    "spoken_digits_speaker": ["experiment=spoken_digits_speaker", "modality.data.root={data}/fsdd"],
    "fight_surv": ["experiment=fight_surv", "modality.data.root={data}/fight_surv"],
}


# sets of which every fold is held out in turn
FOLDS = {"spoken_digits_speaker": ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")}
# sets whose files are also judged by other numbers of views: clips, crops
VIEWS = {"fight_surv": ((1, 1), (10, 3))}


def vggx(*words: str) -> str:
    """What a command prints; it ends this script where it fails."""
    command = [sys.executable, "-m", "vggx", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def train(words: Sequence[str], seed: int, runs: str) -> dict[str, Any]:
    """The summary of a run, and its folder."""
    printed = vggx("train", *words, f"seed={seed}", f"runs={runs}", "logger=none")
    run = printed.rstrip().splitlines()[-1].removeprefix("run: ")
    return {"run": run, **json.loads((Path(run) / "summary.json").read_text())}


def by_views(run: str, split: str, clips: int, crops: int) -> float:
    """The accuracy of whole files, each judged by so many views."""
    vggx("evaluate", f"run={run}", f"split={split}", f"modality.data.clips={clips}", f"modality.data.crops={crops}")
    return json.loads((Path(run) / f"evaluate_{split}.json").read_text())["accuracy"]


def judged_split(summary: dict[str, Any]) -> str:
    return "val" if summary["test_accuracy"] is None else "test"


def measured(name: str, words: Sequence[str], seeds: Sequence[int]) -> dict[str, Any]:
    """The row of a set: every seed, and of a set with folds every fold of every seed, trained and judged."""
    found: dict[str, list[dict[str, Any]]] = {}
    views: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as runs:
        for fold in FOLDS.get(name, ("",)):
            chosen = [*words, f"modality.data.fold={fold}"] if fold else words
            found[fold] = [train(chosen, seed, runs) for seed in seeds]
            print(name, fold, [accuracy(summary) for summary in found[fold]], flush=True)
        for clips, crops in VIEWS.get(name, ()):
            runs_of = [(summary["run"], judged_split(summary)) for summary in found[""]]
            views[f"{clips} x {crops}"] = [by_views(run, split, clips, crops) for run, split in runs_of]
    made = row(name, words, [summary for summaries in found.values() for summary in summaries], len(seeds))
    if name in FOLDS:
        made["folds"] = {fold: [round(accuracy(s), 4) for s in summaries] for fold, summaries in found.items()}
    if views:
        made["views"] = {
            how: {
                "accuracies": [round(value, 4) for value in values],
                "accuracy": round(mean(values), 4),
                "interval_95": list(wilson_interval(mean(values), made["files"])),
            }
            for how, values in views.items()
        }
    return made


def accuracy(summary: dict[str, Any]) -> float:
    return summary[f"{judged_split(summary)}_accuracy"]


def row(name: str, words: Sequence[str], summaries: Sequence[dict[str, Any]], seeds: int) -> dict[str, Any]:
    """Mean over seeds and folds, of the test split, or of validation where there is no test split."""
    first = summaries[0]
    split = judged_split(first)
    found = [accuracy(summary) for summary in summaries]
    # the folds' test files are different ones, the seeds' the same
    files = sum(summary["data"]["files"][split] for summary in summaries) // seeds
    return {
        "data": name,
        "modality": first["modality"],
        "plan": first["plan"],
        "input_shape": first["input_shape"],
        "params": first["params"],
        "macs": first["macs"],
        "split": split,
        "files": files,
        "accuracy": round(mean(found), 4),
        "accuracies": [round(value, 4) for value in found],
        "interval_95": list(wilson_interval(mean(found), files)),
        "train_seconds": round(mean([s["train_seconds"] for s in summaries]), 1),
        "samples_per_second": round(mean([s["samples_per_second"] for s in summaries]), 1),
        "epochs": first["epochs"],
        "seeds": sorted({summary["seed"] for summary in summaries}),
        "precision": first["precision"],
        "device": first["device"],
        "versions": first["versions"],
        "command": "vggx train " + " ".join(words),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=list(SETS), metavar="name", help=", ".join(SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", default="data", help="folder of the real data sets")
    parser.add_argument("--output", type=Path, help="JSON file; benchmarks/results/accuracy_<device>.json if not given")
    words = sys.argv[1:]
    extra = words[words.index("--") + 1 :] if "--" in words else []
    options = parser.parse_args(words[: words.index("--")] if "--" in words else words)
    rows: list[dict[str, Any]] = []
    for name in options.names:
        chosen = [word.replace("{data}", options.data) for word in SETS[name]]
        found = measured(name, [*chosen, *extra], options.seeds)
        rows.append(found | {"command": found["command"].replace(options.data, "FOLDER")})
    device = rows[0]["device"]
    machine = f"{device}, {platform.machine()}"
    output = options.output or RESULTS / f"accuracy_{device.lower().replace(' ', '_')}.json"
    # other rows of the file stay: the sets need not be run in one go
    before = json.loads(output.read_text())["rows"] if output.is_file() else []
    kept = [old for old in before if old["data"] not in options.names]
    ordered = sorted([*kept, *rows], key=lambda entry: list(SETS).index(entry["data"]))
    files.write_json(output, {"machine": machine, "rows": ordered})
    shown = ("data", "modality", "plan", "params", "macs", "split", "files", "accuracy", "interval_95", "train_seconds")
    show([{key: entry[key] for key in shown} for entry in ordered])
    print(f"written to {output}")


if __name__ == "__main__":
    main()
