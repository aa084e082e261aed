"""Several labels a file and numbers, on real data in all three modalities: `task=tag` and `task=regress` to figures.

The data are made of public ones: two spoken digits mixed in one clip, two pictures of clothes side by side, two
handwritten digits moving at once; handwritten digits turned by an angle, and clicks at a tempo.

    python benchmarks/tasks.py --data FOLDER [--only spoken,turn] [--seeds 0,1,2] [--threads 1]

FOLDER holds `fsdd` and `fashion_mnist/idx`, without which their sets are left out. Results go to
benchmarks/results/tasks.json as they come, and docs/tasks.md takes its table from there.
"""

import argparse
import csv
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from modalities.image.data import read_idx
from modalities.video import moving_digits
from vggx import files
from vggx.report import rows as report

RESULT = Path(__file__).parent / "results/tasks.json"
PAGE = Path(__file__).parents[1] / "docs/tasks.md"
MARKS = "<!-- table -->", "<!-- end -->"
Row = dict[str, str]


def write_labels(folder: Path, rows: list[Row]) -> None:
    files.write_csv(folder / "labels.csv", rows)


# two spoken digits in one clip, both by one speaker

CLIPS = {"train": 500, "val": 60, "test": 100}  # of each speaker
RATE, LONGEST = 8000, 8000


def spoken(data: Path, folder: Path) -> None:
    """Recordings of the official test split are mixed with one another alone."""
    with (data / "fsdd/labels.csv").open() as file:
        listed = list(csv.DictReader(file))
    draw, rows = np.random.default_rng(0), []
    for speaker in sorted({row["speaker"] for row in listed}):
        own = [row for row in listed if row["speaker"] == speaker]
        tested = [row for row in own if row["split"] == "test"]
        validated = [row for row in own if row["split"] != "test" and int(row["index"]) < 10]
        trained = [row for row in own if int(row["index"]) >= 10]
        for split, part in {"train": trained, "val": validated, "test": tested}.items():
            for number in range(CLIPS[split]):
                one, other = pair(part, draw)
                name = f"{speaker}_{split}_{number:03d}.wav"
                soundfile.write(folder / name, mixed(data / "fsdd", one, other, draw), RATE)
                label = f"{one['label']};{other['label']}"
                rows.append({"path": name, "label": label, "split": split, "speaker": speaker})
    write_labels(folder, rows)


def pair(part: list[Row], draw: np.random.Generator) -> tuple[Row, Row]:
    """Two recordings of different digits."""
    while True:
        one, other = (part[int(n)] for n in draw.integers(len(part), size=2))
        if one["label"] != other["label"]:
            return one, other


def mixed(root: Path, one: Row, other: Row, draw: np.random.Generator) -> np.ndarray:
    """The sum of both at equal loudness, the shorter one somewhere within the longer."""
    waves = [soundfile.read(root / row["path"], dtype="float32")[0][:LONGEST] for row in (one, other)]
    clip = np.zeros(max(map(len, waves)), np.float32)
    for wave in waves:
        start = int(draw.integers(len(clip) - len(wave) + 1))
        clip[start : start + len(wave)] += 0.05 * wave / np.sqrt(np.mean(wave**2))
    return clip


# two pictures of clothes side by side

PICTURES = {"train": 3000, "val": 300, "test": 600}


def clothes(data: Path, folder: Path) -> None:
    """28 x 28 each, in the middle of 56 x 56."""
    root, draw, rows = data / "fashion_mnist/idx", np.random.default_rng(0), []
    for split, count in PICTURES.items():
        part = "t10k" if split == "test" else "train"
        images, labels = (read_idx(root / f"{part}-{kind}.gz") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
        first, room = (50_000, 10_000) if split == "val" else (0, 50_000 if split == "train" else 10_000)
        for number in range(count):
            both = first + draw.integers(room, size=2)
            canvas = np.zeros((56, 56), np.uint8)
            canvas[14:42] = np.concatenate(list(images[both]), 1)
            name = f"{split}_{number:04d}.png"
            Image.fromarray(canvas).save(folder / name)
            rows.append({"path": name, "label": ";".join(sorted({str(n) for n in labels[both]})), "split": split})
    write_labels(folder, rows)


# two digits moving at once: in which directions

FILMS = {"train": 800, "val": 150, "test": 200}
WAYS = {name: moving_digits.DIRECTIONS[name] for name in ("east", "north", "west", "south")}


def moving(data: Path, folder: Path) -> None:
    scans, draw, rows = load_digits().images, np.random.default_rng(0), []
    parts = moving_digits.split(load_digits().target)
    for split, count in FILMS.items():
        for number in range(count):
            ways = [list(WAYS)[int(n)] for n in draw.choice(len(WAYS), 2, replace=False)]
            films = []
            for way in ways:
                scene = moving_digits.place(scans[draw.choice(parts[split])], draw)
                films.append(moving_digits.film(scene, int(draw.choice(moving_digits.SPEEDS)) * np.array(WAYS[way])))
            name = f"{split}_{number:04d}.mp4"
            moving_digits.encode(folder / name, np.maximum(*films))
            rows.append({"path": name, "label": ";".join(ways), "split": split})
    write_labels(folder, rows)


# the turn of a handwritten digit, degrees


def turn(data: Path, folder: Path) -> None:
    scans, draw, rows = load_digits().images, np.random.default_rng(0), []
    for split, indices in moving_digits.split(load_digits().target).items():
        for index, again in itertools.product(indices, range(2 if split == "train" else 1)):
            pixels = np.rint(scans[index] * 255 / 16).astype(np.uint8).repeat(4, 0).repeat(4, 1)
            degrees = float(draw.uniform(-60, 60))
            turned = F.rotate(torch.from_numpy(pixels)[None], degrees, InterpolationMode.BILINEAR)[0].numpy()
            name = f"{index:04d}_{again}.png"
            Image.fromarray(turned).save(folder / name)
            rows.append({"path": name, "degrees": f"{degrees:.3f}", "split": split})
    write_labels(folder, rows)


# the tempo of clicks, a minute

BEATS = {"train": 800, "val": 120, "test": 200}


def tempo(data: Path, folder: Path) -> None:
    """Three seconds of short tones of some pitch at an even tempo, in noise."""
    draw, rows = np.random.default_rng(0), []
    for split, count in BEATS.items():
        for number in range(count):
            beats = float(draw.uniform(60, 240))
            time = np.arange(3 * RATE) / RATE
            since = (time + draw.uniform(0, 60 / beats)) % (60 / beats)
            wave = 0.3 * np.exp(-since * 40) * np.sin(2 * np.pi * draw.uniform(300, 1500) * since)
            name = f"{split}_{number:04d}.wav"
            soundfile.write(folder / name, wave + draw.normal(0, 0.01, len(wave)), RATE)
            rows.append({"path": name, "beats": f"{beats:.3f}", "split": split})
    write_labels(folder, rows)


@dataclass(frozen=True)
class Set:
    """What is made and how it is learned.

    Attributes:
        write: (the folder of the public data, the new one), writes files and labels.csv.
        words: of the command.
        needs: folder of the public data.
        goal: of the test split's watched measure, where there is one.
    """

    write: Callable[[Path, Path], None]
    words: tuple[str, ...]
    needs: str = ""
    goal: str = ""


SMALL = ("modality.net.head=pooled", "modality.net.norm=batch", "modality.net.normalize=dataset", "recipe=adamw")
SOUND = ("modality=audio", "modality.data.sample_rate=8000", "modality.net.n_fft=256", "modality.net.hop=80",
         "modality.net.mels=40", "modality.data.cache_maps=true", "modality.data.batch_size=32")  # fmt: skip
SPOKEN = ("task=tag", *SOUND, *SMALL, "modality.net.plan=micro4", "modality.net.width=2", "modality.data.seconds=1",
          "modality.data.frequency_mask=6", "modality.data.time_mask=10", "recipe.lr=0.003", "trainer.max_epochs=15",
          "modality.net.dropout=0.2")  # fmt: skip
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
SETS = {
    "turn": Set(
        turn,
        ("task=regress", "modality=image", *SMALL, "modality.data.label_columns=[degrees]", "modality.data.size=32",
         "modality.data.resize=32", "modality.data.channels=1", "modality.data.flip=false",
         "modality.data.crop_scale=[1,1]", "modality.net.plan=micro", "modality.data.batch_size=32",
         "recipe.lr=0.005", "trainer.max_epochs=15"),
    ),
    "tempo": Set(
        tempo,
        ("task=regress", *SOUND, *SMALL, "modality.data.label_columns=[beats]", "modality.data.seconds=3",
         "modality.net.plan=micro4", "recipe.lr=0.005", "trainer.max_epochs=15"),
    ),
    "spoken": Set(spoken, SPOKEN, "fsdd", "map >= 0.95"),
    "clothes": Set(
        clothes,
        ("task=tag", "modality=image", *SMALL, "modality.data.size=56", "modality.data.resize=56",
         "modality.data.channels=1", "modality.data.flip=false", "modality.data.crop_scale=[0.8,1]",
         "modality.net.plan=micro4", "modality.data.batch_size=32", "recipe.lr=0.003", "trainer.max_epochs=8"),
        "fashion_mnist",
    ),
    "moving": Set(
        moving,
        ("task=tag", "modality=video", *SMALL, "modality.data.size=32", "modality.data.resize=32",
         "modality.data.frames=8", "modality.data.frame_stride=1", "modality.data.flip=false",
         "modality.data.crop_scale=[1,1]", "modality.net.plan=micro", "modality.data.batch_size=16",
         "recipe.lr=0.005", "trainer.max_epochs=12"),
    ),
    **{
        f"spoken_{speaker}": Set(
            spoken, (*SPOKEN, "modality.data.fold_column=speaker", f"modality.data.fold={speaker}"), "fsdd"
        )
        for speaker in SPEAKERS
    },
}  # fmt: skip


def trained(words: tuple[str, ...], seed: int, folder: Path, runs: Path, threads: int) -> dict[str, Any]:
    """Train by the command; what its summary says."""
    command = [sys.executable, "-m", "vggx", "train", *words, f"modality.data.root={folder}", f"seed={seed}"]
    command += [f"runs={runs}", "logger=none", "modality.data.num_workers=0", "trainer.accelerator=cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    subprocess.run(command, check=True, env=environment)
    newest = max(runs.glob("*/*/summary.json"), key=lambda path: path.stat().st_mtime)
    found: dict[str, Any] = json.loads(newest.read_text())
    return found


def row_of(name: str, seed: int, found: dict[str, Any]) -> dict[str, Any]:
    keys = [f"test_{kind}" for kind in (found["watched"], "macro_f1", "micro_f1", "mae", "r2")]
    figures = {key: round(found[key], 4) for key in keys if found.get(key) is not None}
    sizes = found["data"]["files"]
    return {"data": name, "task": found["task"], "modality": found["modality"], "seed": seed, **figures,
            "files": sizes, "params": found["params"], "epochs": found["epochs"], "best_epoch": found["best_epoch"],
            "train_seconds": round(found["train_seconds"])}  # fmt: skip


def folders(kind: Callable[[Path, Path], None], data: Path, root: Path) -> Path:
    """The set's folder, written once."""
    folder = root / kind.__name__
    if not (folder / "labels.csv").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        kind(data, folder)
    return folder


def results(names: list[str], seeds: list[int], data: Path, root: Path, threads: int) -> Iterator[dict[str, Any]]:
    for name in names:
        chosen = SETS[name]
        if chosen.needs and not (data / chosen.needs).is_dir():
            print(f"{name}: left out, {data / chosen.needs} is not there", flush=True)
            continue
        folder = folders(chosen.write, data, root)
        for seed in seeds:
            yield row_of(name, seed, trained(chosen.words, seed, folder, root / "runs" / name, threads))


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: a line for each set, over its seeds, and one for the speakers held apart."""
    lines = []
    for name in dict.fromkeys(row["data"] for row in rows):
        lines.append(line([row for row in rows if row["data"] == name], name))
    apart = [row for row in rows if row["data"].startswith("spoken_")]
    if apart:
        lines.append(line(apart, "spoken, mean over speakers held apart"))
    return report.markdown(lines)


def line(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    watched = next(key for key in rows[0] if key.startswith("test_"))
    values = [row[watched] for row in rows]
    spread = f" ({min(values):g} to {max(values):g})" if len(values) > 1 else ""
    others = {key: np.mean([row[key] for row in rows]) for key in rows[0] if key.startswith("test_") and key != watched}
    return {
        "data": name,
        "task": rows[0]["task"],
        "modality": rows[0]["modality"],
        "runs": len(rows),
        "test": f"{watched.removeprefix('test_')} {np.mean(values):.3f}{spread}",
        "besides": ", ".join(f"{key.removeprefix('test_')} {value:.3f}" for key, value in others.items()),
        "parameters": f"{rows[0]['params']:,}",
        "training, s": round(np.mean([row["train_seconds"] for row in rows])),
    }


def fill(page: str, rows: list[dict[str, Any]]) -> str:
    """The page with the table between its marks."""
    before, rest = page.split(MARKS[0])
    return f"{before}{MARKS[0]}\n{table(rows)}{MARKS[1]}{rest.split(MARKS[1])[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", default=",".join(SETS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--root", type=Path, default=Path(tempfile.gettempdir()) / "vggx-tasks")
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    rows = json.loads(RESULT.read_text())["rows"] if RESULT.is_file() else []
    for row in results(given.only.split(","), seeds, given.data, given.root, given.threads):
        rows = [old for old in rows if (old["data"], old["seed"]) != (row["data"], row["seed"])] + [row]
        rows.sort(key=lambda each: (list(SETS).index(each["data"]), each["seed"]))
        files.write_json(RESULT, {"rows": rows})
        if PAGE.is_file():
            files.write_text(PAGE, fill(PAGE.read_text(encoding="utf-8"), rows))


if __name__ == "__main__":
    main()
