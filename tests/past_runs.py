"""What the commands answer of a run folder: asked when the folders in tests/data/runs were made, and since by tests.

One thread, so that sums have one order.
"""

import csv
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import vggx
from vggx.cli import main

DATA = Path(__file__).parent / "data"
RUNS = DATA / "runs"
INPUTS = {"image": "digit.png", "video": "moving_digit.mp4", "audio": "tone.wav"}
# to which other modality a net's weights are moved, and the words that keep the new net's input small
TARGETS = {
    "image": ["modality=video", "modality.data.size=32", "modality.data.resize=32", "modality.data.frames=4"],
    "video": ["modality=image", "modality.data.size=32", "modality.data.resize=32"],
    # mel bands that are channels are no picture: the layer that reads them is drawn
    "audio": ["modality=image", "modality.data.size=32", "modality.data.resize=32", "allow_fresh=[conv1_1]"],
}
EPOCHS = 3  # one more than the folders have
# of evaluate_test.json: the time that it took and where the folder lay are not the net's
TOLD = (
    "modality", "plan", "split", "data", "protocol", "files", "accuracy", "macro_f1", "top5_accuracy", "top1_error",
    "calibration_error", "clip_accuracy", "loss", "views", "macs_of_a_file", "bad_files",
)  # fmt: skip

Row = dict[str, Any]


def names() -> list[str]:
    return sorted(path.parent.name for path in RUNS.glob("*/config.yaml"))


def call(*words: Any) -> None:
    """The command in this process, as its entry point calls it."""
    called, sys.argv = sys.argv, ["vggx", *map(str, words)]
    try:
        code = main()
    finally:
        sys.argv = called
    assert code == 0, f"vggx {' '.join(map(str, words))} ended with {code}"


@contextmanager
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def asked(run: Path, work: Path) -> tuple[Row, dict[str, Tensor]]:
    """{question: answer}, and the tensors of the run after one more epoch; `work` is an empty folder.

    A command takes a second to begin, so three of them are asked of one run of each modality: explain and inflate where
    the head is the paper's, cost where it is pooled.
    """
    with one_thread():
        copy = Path(shutil.copytree(run, work / run.name))
        modality = json.loads((copy / "net.json").read_text())["modality"]
        file = DATA / "inputs" / INPUTS[modality]
        answers = {**outputs(copy), "predict": predicted(copy, file), "evaluate": evaluated(copy)}
        if run.name.endswith("_fc"):
            answers |= {"explain": explained(copy, file, work), "inflate": moved(copy, modality, work)}
        else:
            answers["cost"] = costs(copy, work)
        answers["resume"], tensors = resumed(copy)
    return answers, tensors


def costs(run: Path, work: Path) -> list[Row]:
    call("cost", f"run={run}", "by=layer", "format=json", f"output={work / 'cost.json'}")
    return json.loads((work / "cost.json").read_text())["rows"]


def outputs(run: Path) -> Row:
    """The net as it is loaded: its tensors, what it answers to an input that a formula gives, and where it sees it."""
    net, _, card = vggx.load_net(run)
    shape = card["input"]["shape"]
    places = torch.arange(2 * torch.Size(shape).numel()).reshape(2, *shape)
    x = torch.sin(places**1.5 / 50) if card["modality"] == "audio" else (places**2 // 7 % 251).to(torch.uint8)
    with torch.inference_mode():
        return {
            "tensors": {name: list(value.shape) for name, value in net.state_dict().items()},
            "parameters": [name for name, _ in net.named_parameters()],
            "logits": net(x).tolist(),
            "score_map": net.score_map(x)[:, :2].tolist(),
        }


def predicted(run: Path, file: Path) -> Row:
    return named(vggx.predict(run, [str(file)], device="cpu")[0])


def explained(run: Path, file: Path, work: Path) -> Row:
    call("explain", f"run={run}", f"inputs={file}", "device=cpu", f"output={work / 'explain'}")
    return named(json.loads((work / "explain/explain.json").read_text())[0])


def named(row: Row) -> Row:
    """Files by their names alone: the folder is the machine's."""
    return {key: Path(value).name if isinstance(value, str) else value for key, value in row.items()}


def evaluated(run: Path) -> Row:
    call("evaluate", f"run={run}", "trainer.enable_progress_bar=false")
    found = json.loads((run / "evaluate_test.json").read_text())
    return {name: found[name] for name in TOLD}


def moved(run: Path, modality: str, work: Path) -> Row:
    """The rows of the transfer report, and whether the outputs of the two nets have to be the same."""
    target = work / "moved.safetensors"
    call("inflate", f"source={run}", f"target={target}", *TARGETS[modality])
    report = json.loads(Path(f"{target}.report.json").read_text())
    return {"rows": report["layers"], "exact": report["proof"]["exact"]}


def resumed(run: Path) -> tuple[Row, dict[str, Tensor]]:
    """What an epoch more leaves: its metrics, and the optimiser's groups; and the tensors of net and optimiser."""
    call("train", f"resume={run}", f"trainer.max_epochs={EPOCHS}")
    rows = list(csv.DictReader((run / "metrics.csv").open(encoding="utf-8")))
    saved = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    (optimiser,) = saved["optimizer_states"]
    tensors = dict(saved["state_dict"])
    for number, state in optimiser["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items() if value is not None}
    metrics = {name: float(value) for name, value in rows[-1].items() if "seconds" not in name}
    return {"epochs": len(rows), "metrics": metrics, "groups": optimiser["param_groups"]}, tensors
