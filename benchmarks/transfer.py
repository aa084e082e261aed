"""What ImageNet's first three blocks are worth to small data sets of clips, sound and images; a table and its JSON.

    python benchmarks/transfer.py clips digits speaker images --data FOLDER

FOLDER holds fight_surv, fsdd, fashion_mnist/idx, and vgg19_imagenet_blocks1-3, the Oxford weights of VGG-19 by
torchvision's names. Writes benchmarks/results/transfer.json, of which parts that are not named stay as they are, and
the table of docs/weights.md.

From scratch is the experiment of that name, as `vggx train` trains it. The others are plan E:3: the maps of the frozen
blocks are reckoned once for all seeds, from evenly spread views without augmentation. On them a linear layer is
trained, behind their average, standardised; then, where block 3 is trained too, both go on from there.
"""

import argparse
import copy
import csv
import json
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
from accuracy import train
from frozen import Head, Rest, accuracy, fit, views_of
from omegaconf import OmegaConf
from pages import fill
from torch import nn

import vggx
from modalities.image.data import read_idx
from vggx import configs, files, settings
from vggx.data.statistics import measure
from vggx.init import initialise
from vggx.net import PreparedNet
from vggx.options import Modality
from vggx.report.rows import markdown
from vggx.report.tables import show
from vggx.runner.inherit import inherit
from vggx.surgery.axes import RULES
from vggx.tasks.predictions import wilson_interval
from vggx.weights.adopt import adopt
from vggx.weights.source import Weights, read_weights

ROOT = Path(__file__).parents[1]
RESULT, PAGE = ROOT / "benchmarks/results/transfer.json", ROOT / "docs/weights.md"
BLOCKS = "vgg19_imagenet_blocks1-3/vgg19_torchvision_input_block1-3.pt"
PLAN = "E:3"  # the blocks that the weights are of
SEEDS = 5
PER_CLASS = 100  # of Fashion-MNIST's 6,000

Row = dict[str, Any]


@dataclass(frozen=True)
class Set:
    """A data set, and how its nets are made.

    Attributes:
        experiment: words of `vggx train` from scratch; {root} is the data's folder.
        options: of E:3 on the same data, {dotted key: value}.
        judged: the split that accuracies are of.
        inits: rules by which kernels get their time axis; one without a name where they lose one or keep all.
    """

    name: str
    modality: str
    folder: str
    experiment: list[str]
    options: dict[str, Any]
    judged: str
    inits: tuple[str, ...]


@dataclass(frozen=True)
class Trained:
    """So many blocks are frozen; the rest is trained by AdamW, the rate falling to 0 by a cosine."""

    words: str
    frozen: int
    seeds: int
    epochs: int
    lr: float


FROZEN, TUNED = Trained("frozen", 3, SEEDS, 30, 0.003), Trained("block 3 trained", 2, 3, 2, 0.001)
VIDEO = {"frames": 8, "frame_stride": 4, "size": 64, "resize": 64, "clips": 3}
SPECTROGRAM = {"n_fft": 256, "hop": 80, "mels": 40, "frequency": "pooled", "bands": 8}
SPEAKER = {"fold": "theo", "fold_column": "speaker", "val_share": 0.1}
SETS = [
    Set(
        "clips", "video", "fight_surv", ["experiment=fight_surv"], {f"data.{k}": v for k, v in VIDEO.items()},
        "val", ("center", "mean"),
    ),
    Set(
        "digits", "audio", "fsdd", ["experiment=spoken_digits"],
        {"data.sample_rate": 8000, "data.seconds": 0.8} | {f"net.{k}": v for k, v in SPECTROGRAM.items()},
        "test", ("sum",),
    ),
    Set(
        "speaker", "audio", "fsdd", ["experiment=spoken_digits_speaker", "modality.data.fold=theo"],
        {"data.sample_rate": 8000, "data.seconds": 1.0, "net.floor_db": 40, "net.subtract_mean": True}
        | {f"net.{k}": v for k, v in SPECTROGRAM.items()} | {f"data.{k}": v for k, v in SPEAKER.items()},
        "test", ("sum",),
    ),
    Set(
        "images", "image", "fashion_mnist/idx",
        ["experiment=fashion_mnist", "trainer.max_epochs=60", "modality.data.batch_size=32"],
        {"data.size": 32, "data.resize": 32, "data.channels": 3, "data.val_share": 0.05}, "test", ("copy",),
    ),
]  # fmt: skip


def options_of(chosen: Set, root: Path, weights: Weights) -> Modality:
    config = OmegaConf.create({"modality": configs.load(f"modality/{chosen.modality}")})
    given = chosen.options | {"data.root": str(root), "net.plan": PLAN, "net.head": "pooled", "data.num_workers": 0}
    for key, value in given.items():
        OmegaConf.update(config, f"modality.{key}", value)
    adopt(config, weights, {f"modality.{key}" for key in given})
    return settings.resolve(config).modality


@dataclass(frozen=True)
class Loaded:
    """A set as E:3 is given it; waveforms are filled up to `samples`, bands are folded into the batch if `folded`."""

    train: Any
    judged: Any
    classes: int
    files: int
    samples: int | None
    folded: bool


def loaded(chosen: Set, modality: Modality) -> Loaded:
    data, once = modality.open_data(0), copy.deepcopy(modality)
    if chosen.modality == "video":
        once.data.clips = 1  # trained on the middle of every file, judged by all views
    listing = data.find()
    train = (trained := once.open_data(0)).loader(trained.dataset("train"))
    judged = data.loader(data.dataset(chosen.judged))
    samples = modality.data.input_shape()[0] if chosen.modality == "audio" else None
    count = len(listing.splits[chosen.judged])
    return Loaded(train, judged, len(listing.classes), count, samples, modality.net.rows() > 1)


def transferred(chosen: Set, root: Path, weights: Weights) -> Iterator[Row]:
    """Blocks 1 to 3 as they were drawn, frozen; then inherited by each rule: frozen, and with block 3 trained."""
    modality = options_of(chosen, root, weights)
    data = loaded(chosen, modality)
    for init in ("drawn", *chosen.inits):
        torch.manual_seed(0)
        rule = init if init in RULES else "center"
        net, _ = inherit(modality, data.classes, weights, rule=rule, keep_classes=False)
        if init == "drawn":
            initialise(net.vgg.backbone, "he")
        if modality.net.measures_input():
            measure(net, data.train, modality.net, modality.data)
        heads: list[nn.Module] = []
        for trained in (FROZEN,) if init == "drawn" else (FROZEN, TUNED):
            yield of_blocks(chosen, data, net.eval(), init, trained, heads)


def of_blocks(chosen: Set, data: Loaded, net: PreparedNet, init: str, trained: Trained, heads: list[nn.Module]) -> Row:
    """A row: so many blocks frozen, the rest trained by every seed.

    Args:
        heads: by seed, trained behind the frozen blocks, to begin with; filled by the row in which all are frozen.
    """
    began = time.perf_counter()
    blocks = list(net.vgg.backbone)
    views, judged = (
        views_of(net, blocks[: trained.frozen], data.folded, loader, data.samples)
        for loader in (data.train, data.judged)
    )
    reckoned = time.perf_counter()
    found = []
    for seed in range(trained.seeds):
        torch.manual_seed(seed)
        if trained is FROZEN:
            heads.append(Head(Rest([], data.folded, nn.Identity())(views.maps), data.classes))
        rest = Rest(blocks[trained.frozen :], data.folded, heads[seed])
        fit(rest, views, trained.epochs, trained.lr, seed)
        if trained is FROZEN:
            heads[seed] = rest.head
        found.append(accuracy(rest, judged))
        print(chosen.name, init, trained.words, seed, found[-1], flush=True)
    start = "drawn" if init == "drawn" else "inherited"
    rule = "-" if init == "drawn" else init
    return row(chosen, f"blocks 1 to 3 {start}, {trained.words}", rule, found, data.files) | {
        "train_views": len(views.labels),
        "epochs": trained.epochs,
        "seconds_of_maps": round(reckoned - began, 1),
        "seconds_a_seed": round((time.perf_counter() - reckoned) / len(found), 1),
    }


def from_scratch(chosen: Set, root: Path) -> Row:
    found, seconds = [], []
    with tempfile.TemporaryDirectory() as runs:
        for seed in range(SEEDS):
            summary = train([*chosen.experiment, f"modality.data.root={root}"], seed, runs)
            seconds.append(summary["train_seconds"])
            found.append(last_accuracy(summary, chosen.judged))
            print(chosen.name, "scratch", seed, found[-1], flush=True)
    files_judged = summary["data"]["files"][chosen.judged]
    plan = f"{summary['plan']} from scratch"
    return row(chosen, plan, "-", found, files_judged) | {
        "train_views": summary["data"]["files"]["train"],
        "epochs": summary["epochs"],
        "seconds_a_seed": round(mean(seconds), 1),
    }


def last_accuracy(summary: Row, judged: str) -> float:
    """Of the last epoch where the judged split would choose the epoch; of the epoch that another split chose else."""
    if judged == "test":
        return summary["test_accuracy"]
    with (Path(summary["run"]) / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return float(list(csv.DictReader(file))[-1]["val_accuracy"])


def row(chosen: Set, net: str, init: str, found: Sequence[float], count: int) -> Row:
    share = mean(found)
    return {
        "data": chosen.name,
        "net": net,
        "init": init,
        "accuracy": round(share, 4),
        "deviation": round(stdev(found), 4),
        "interval_95": list(wilson_interval(share, count)),
        "files": count,
        "accuracies": [round(each, 4) for each in found],
    }


def few(root: Path, folder: Path) -> Path:
    """Fashion-MNIST with the first `PER_CLASS` training images of each class, as its four files."""
    for split in ("train", "t10k"):
        images, labels = (read_idx(found(root, f"{split}-{part}")) for part in ("images-idx3", "labels-idx1"))
        if split == "train":
            chosen = np.sort(np.concatenate([np.flatnonzero(labels == each)[:PER_CLASS] for each in range(10)]))
            images, labels = images[chosen], labels[chosen]
        for part, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
            (folder / f"{split}-{part}-ubyte").write_bytes(header + values.tobytes())
    return folder


def found(root: Path, name: str) -> Path:
    return next(root.glob(f"{name}-ubyte*"))


def measured(chosen: Set, data: Path, weights: Weights) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        root = data / chosen.folder
        root = few(root, Path(folder)) if chosen.name == "images" else root
        return [from_scratch(chosen, root), *transferred(chosen, root, weights)]


def table(rows: Sequence[Row]) -> str:
    return markdown(
        [
            {
                "data": each["data"],
                "net": each["net"],
                "time axis": each["init"],
                "accuracy": f"{each['accuracy']:.3f} ± {each['deviation']:.3f}",
                "95 % of the files": f"{each['interval_95'][0]:.3f} to {each['interval_95'][1]:.3f}",
                "files": each["files"],
                "seeds": len(each["accuracies"]),
                "seconds a seed": each["seconds_a_seed"],
            }
            for each in rows
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [each.name for each in SETS]
    parser.add_argument("names", nargs="*", choices=names, default=names)
    parser.add_argument("--data", type=Path, required=True)
    words = parser.parse_args()
    weights = read_weights(str(words.data / BLOCKS))
    for chosen in SETS:
        if chosen.name in words.names:
            rows = measured(chosen, words.data, weights)
            kept = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else []
            kept = [each for each in kept if each["data"] != chosen.name] + rows
            kept.sort(key=lambda each: names.index(each["data"]))
            versions = {"python": platform.python_version(), "torch": torch.__version__, "vggx": vggx.__version__}
            machine = f"cpu, {platform.machine()}, {torch.get_num_threads()} threads"
            files.write_json(RESULT, {"machine": machine, "versions": versions, "sha256": weights.sha256, "rows": kept})
            show([{k: v for k, v in each.items() if k != "accuracies"} for each in rows])
    files.write_text(PAGE, fill(PAGE.read_text(), {"transfer": table(json.loads(RESULT.read_text())["rows"])}))


if __name__ == "__main__":
    main()
