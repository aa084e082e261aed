"""Two commits on one machine, with one thread each: whether losses, weights, costs and transfers are the same bits.

Each commit trains a net of every modality on its embedded data, tells what it costs, moves the image net to clips and
to sound, and goes on with the run folders of tests/data/runs.
"""

import argparse
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "tests/data/runs"
WORKING_TREE = "working tree"
TRAIN = [
    "seed=0", "logger=none", "trainer.accelerator=cpu", "trainer.max_epochs=2", "trainer.limit_train_batches=8",
    "trainer.limit_val_batches=2", "trainer.limit_test_batches=2", "modality.data.num_workers=0",
]  # fmt: skip
TARGETS = {
    "video": ["modality=video", "modality.data.size=32", "modality.data.resize=32"],
    "audio": ["modality=audio", "modality.net.frequency=pooled", "modality.data.seconds=0.5"],
}
CLOCKED = ("seconds", "data_seconds")  # columns of metrics.csv that no two runs share

Answers = dict[str, Any]


def vggx(*words: Any) -> None:
    """The command in this process, as its entry point calls it."""
    from vggx.cli import main

    sys.argv = ["vggx", *map(str, words)]
    if code := main():
        sys.exit(f"{' '.join(sys.argv)} ended with {code}")


def sha256(tensors: Mapping[str, Any]) -> str:
    """Of the bytes of all tensors, in their order, without their names."""
    digest = hashlib.sha256()
    for value in tensors.values():
        digest.update(str((value.dtype, tuple(value.shape))).encode())
        digest.update(value.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()


def trained(run: Path) -> Answers:
    """What a run left: its metrics in full precision, the net's tensors and their names, the optimiser's state."""
    import torch

    with (run / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = [{name: value for name, value in row.items() if name not in CLOCKED} for row in csv.DictReader(file)]
    saved = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    (optimiser,) = saved["optimizer_states"]
    states = {
        f"{number}.{name}": value
        for number, state in optimiser["state"].items()
        for name, value in state.items()
        if value is not None
    }
    return {
        "metrics": rows,
        "weights": sha256(saved["state_dict"]),
        "names": list(saved["state_dict"]),
        "optimiser": sha256(states),
        "groups": optimiser["param_groups"],
    }


def costs(run: Path) -> Any:
    vggx("cost", f"run={run}", "by=layer", "format=json", "output=cost.json")
    return json.loads(Path("cost.json").read_text())["rows"]


def inflated(run: Path, target: str) -> Answers:
    from safetensors.torch import load_file

    file = f"{target}.safetensors"
    vggx("inflate", f"source={run}", f"target={file}", *TARGETS[target])
    report = json.loads(Path(f"{file}.report.json").read_text())
    tensors = load_file(file)
    return {
        "layers": report["layers"],
        "proof": report["proof"],
        "weights": sha256({name: tensors[name] for name in sorted(tensors)}),
    }


def answers(past: Path) -> Answers:
    """Of the commit that is imported, in the current folder: {question: answer}, all of them plain values."""
    found: Answers = {}
    for modality in ("image", "video", "audio"):
        vggx("train", f"modality={modality}", f"runs={modality}", *TRAIN)
        (run,) = Path(modality).glob("*/*")
        found |= {f"{modality}: {key}": value for key, value in trained(run).items()}
        found[f"{modality}: cost"] = costs(run)
        if modality == "image":
            image = run
    for target in TARGETS:
        found |= {f"image to {target}: {key}": value for key, value in inflated(image, target).items()}
    for folder in sorted(path.parent for path in past.glob("*/config.yaml")):
        run = Path(shutil.copytree(folder, Path("past") / folder.name))
        vggx("train", f"resume={run}", "trainer.max_epochs=3")
        found |= {f"{folder.name} resumed: {key}": value for key, value in trained(run).items()}
    return found


@contextmanager
def tree(commit: str | None) -> Iterator[Path]:
    """The files of a commit in a temporary folder; of none, the working tree itself."""
    if commit is None:
        yield ROOT
        return
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x"], cwd=folder, check=True, input=packed)
        yield Path(folder)


def asked(commit: str | None) -> Answers:
    """The answers of a commit, in a process of its own whose vggx is the commit's, with data sets of its own."""
    with tree(commit) as code, tempfile.TemporaryDirectory() as folder:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("VGGX_")}
        own = {"PYTHONPATH": str(code), "VGGX_CACHE": str(Path(folder) / "cache"), "OMP_NUM_THREADS": "1"}
        words = [sys.executable, "-P", str(Path(__file__).resolve()), "--answers-of", str(code)]
        with (Path(folder) / "said").open("w+", encoding="utf-8") as said:
            ended = subprocess.run(words, cwd=folder, env=outside | own, stdout=said, stderr=subprocess.STDOUT)
            if ended.returncode:
                said.seek(0)
                sys.exit(f"{commit or WORKING_TREE} did not answer:\n{said.read()[-4000:]}")
        return json.loads((Path(folder) / "answers.json").read_text())


def differences(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(place, old, new) of every plain value that is not the same, or that one of the two lacks."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from differences(old.get(key), new.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, f"{place}[{number}]")
    elif old != new:
        yield place, old, new


def compared(old: Answers, new: Answers) -> list[dict[str, Any]]:
    """A row for each question: whether both answer the same, and if not the first place where they do not."""
    rows = []
    for question in dict.fromkeys([*old, *new]):
        found = list(differences(old.get(question), new.get(question)))
        first = "{} {:.80} -> {:.80}".format(*map(str, found[0])).strip() if found else ""
        rows.append({"question": question, "equal": not found, "differ": len(found), "first": first})
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", nargs="?", default="HEAD", help="commit")
    parser.add_argument("new", nargs="?", help="commit; the working tree where left out")
    parser.add_argument("--output", type=Path, help="JSON file for both commits' answers and the rows")
    parser.add_argument("--answers-of", type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.answers_of:
        import torch

        import vggx as imported

        assert Path(imported.__file__).is_relative_to(words.answers_of), imported.__file__
        torch.set_num_threads(1)
        Path("answers.json").write_text(json.dumps(answers(RUNS)), encoding="utf-8")
        return 0
    from vggx.report.tables import show

    with ThreadPoolExecutor() as pool:
        old, new = pool.map(asked, (words.base, words.new))
    rows = compared(old, new)
    show(rows, f"{words.base} and {words.new or WORKING_TREE}")
    if words.output:
        found = {"base": words.base, "new": words.new or WORKING_TREE, "rows": rows, "answers": [old, new]}
        words.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    different = [row["question"] for row in rows if not row["equal"]]
    print(f"{len(different)} of {len(rows)} differ" if different else f"all {len(rows)} are the same, bit for bit")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
