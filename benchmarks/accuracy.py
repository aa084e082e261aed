"""Train the embedded and the real data sets over several seeds; print a table and write benchmarks/results/*.json.

python benchmarks/accuracy.py digits moving_digits tones tones_pooled
python benchmarks/accuracy.py fashion_mnist spoken_digits fight_surv --data FOLDER
python benchmarks/accuracy.py digits moving_digits tones -- trainer.accelerator=gpu trainer.precision=bf16-mixed
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
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
    "spoken_digits": ["experiment=spoken_digits", "modality.data.root={data}/fsdd"],
    "fight_surv": ["experiment=fight_surv", "modality.data.root={data}/fight_surv"],
}


def train(words: list[str], seed: int, runs: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "vggx", "train", *words, f"seed={seed}", f"runs={runs}", "logger=none"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    run = done.stdout.rstrip().splitlines()[-1].removeprefix("run: ")
    return json.loads((Path(run) / "summary.json").read_text())


def row(name: str, words: list[str], summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and spread over the seeds, of the test split, or of validation where there is no test split."""
    first = summaries[0]
    split = "val" if first["test_accuracy"] is None else "test"
    found = [summary[f"{split}_accuracy"] for summary in summaries]
    mean = sum(found) / len(found)
    count = first["data"]["files"][split]
    low, high = wilson_interval(mean, count)
    return {
        "data": name,
        "modality": first["modality"],
        "plan": first["plan"],
        "input_shape": first["input_shape"],
        "params": first["params"],
        "macs": first["macs"],
        "split": split,
        "files": count,
        "accuracy": round(mean, 4),
        "accuracies": [round(value, 4) for value in found],
        "interval_95": [low, high],
        "train_seconds": round(sum(s["train_seconds"] for s in summaries) / len(summaries), 1),
        "samples_per_second": round(sum(s["samples_per_second"] for s in summaries) / len(summaries), 1),
        "epochs": first["epochs"],
        "seeds": [summary["seed"] for summary in summaries],
        "precision": first["precision"],
        "device": first["device"],
        "versions": first["versions"],
        "command": "vggx train " + " ".join(words).replace("{data}", "FOLDER"),
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
        with tempfile.TemporaryDirectory() as runs:
            summaries = [train([*chosen, *extra], seed, runs) for seed in options.seeds]
        rows.append(row(name, [*SETS[name], *extra], summaries))
        print(name, rows[-1]["accuracies"], flush=True)
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
