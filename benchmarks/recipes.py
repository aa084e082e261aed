"""The recipes side by side on one set: `vgg2014`, `torchvision` and `modern`, on the same net and for as many epochs.

    python benchmarks/recipes.py --data FOLDER

Fashion-MNIST's first 10,000 training images and its whole test set, over several seeds. The recipes' own 74, 90 and 100
epochs are for ImageNet; here all have `--epochs`, of which torchvision's steps take a third each and modern's warm-up a
twentieth, as they do of theirs. Writes benchmarks/results/recipes.json and the table of benchmarks/README.md.
"""

import argparse
import gzip
import json
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from accuracy import train
from pages import fill

from modalities.image.data import idx_file, read_idx
from vggx import files
from vggx.report.rows import markdown
from vggx.report.tables import show
from vggx.tasks.predictions import wilson_interval

HERE = Path(__file__).parent
TRAINED_ON = 10_000  # images
COMMON = [
    "modality=image",
    "modality.data.size=28",
    "modality.data.resize=32",
    "modality.data.channels=1",
    "modality.data.batch_size=64",
    "recipe.batch=64",
    "modality.net.plan=mini",
    "modality.net.width=0.5",
]
# what ImageNet's figures become for small grey images
RECIPES = {
    "vgg2014": ["recipe=vgg2014", "modality.data.short_side=[32,32]", "modality.data.colour_shift=0"],
    "torchvision": ["recipe=torchvision", "modality.net.normalize=dataset"],
    "torchvision, batch norm": [
        "recipe=torchvision",
        "modality.net.norm=batch",
        "recipe.lr=0.1",
        "modality.net.normalize=dataset",
    ],
    "modern": ["recipe=modern", "modality.net.normalize=dataset", "recipe.ema=0.999"],
    "modern, mild": [
        "recipe=modern",
        "modality.net.normalize=dataset",
        "recipe.ema=0.999",
        "modality.data.crop_scale=[0.7,1.0]",
        "modality.data.rand_augment=[]",
        "modality.data.rotation=0",
        "modality.data.colour=0",
    ],
}


def timed(name: str, epochs: int) -> list[str]:
    """The words by which a recipe's course is as long as the run."""
    words = [f"trainer.max_epochs={epochs}"]
    if name.startswith("torchvision"):
        words.append(f"recipe.step_epochs={max(1, epochs // 3)}")
    if name == "vgg2014":
        words.append(f"recipe.patience={max(1, epochs // 10)}")
    return [*words, f"recipe.warmup_epochs={epochs / 20:g}"] if name.startswith("modern") else words


def cut(source: Path, target: Path, images: int) -> None:
    """The first training images of a set of idx files, and all of its test images."""
    for part, count in (("train", images), ("t10k", None)):
        for kind in ("images-idx3", "labels-idx1"):
            values = read_idx(idx_file(source, f"{part}-{kind}-ubyte"))[:count]
            head = b"\0\0\x08" + bytes([values.ndim]) + np.array(values.shape, ">u4").tobytes()
            (target / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes(), 1))


def row(name: str, words: Sequence[str], summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    accuracies = [summary["test_accuracy"] for summary in summaries]
    first, average = summaries[0], mean(accuracies)
    return {
        "recipe": name,
        "norm": first["norm"],
        "params": first["params"],
        "epochs": [summary["epochs"] for summary in summaries],
        "accuracies": [round(value, 4) for value in accuracies],
        "accuracy": round(average, 4),
        "deviation": round(stdev(accuracies), 4) if len(accuracies) > 1 else None,
        "interval_95": list(wilson_interval(average, first["data"]["files"]["test"])),
        "train_seconds": [summary["train_seconds"] for summary in summaries],
        "precision": first["precision"],
        "versions": first["versions"],
        "command": "vggx train " + " ".join(words),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    return markdown(
        [
            {
                "recipe": each["recipe"],
                "norm": each["norm"],
                "accuracy by seed": ", ".join(f"{value:.4f}" for value in each["accuracies"]),
                "mean": f"{each['accuracy']:.4f}",
                "95 % interval": f"{each['interval_95'][0]:.3f} to {each['interval_95'][1]:.3f}",
                "epochs": ", ".join(map(str, each["epochs"])),
                "precision": each["precision"],
                "seconds of a run": f"{mean(each['train_seconds']):.0f}",
            }
            for each in rows
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="data", help="folder of the real data sets")
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES), metavar="recipe")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--output", type=Path, default=HERE / "results" / "recipes.json")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "images"
        root.mkdir()
        cut(Path(options.data) / "fashion_mnist" / "idx", root, TRAINED_ON)
        for name in options.recipes:
            words = [*COMMON, *RECIPES[name], *timed(name, options.epochs)]
            summaries = [train([*words, f"modality.data.root={root}"], seed, folder) for seed in options.seeds]
            rows.append(row(name, words, summaries))
            show([{key: rows[-1][key] for key in ("recipe", "accuracies", "accuracy", "deviation", "train_seconds")}])
    # other rows of the file stay: the recipes need not be run in one go
    before = json.loads(options.output.read_text())["rows"] if options.output.is_file() else []
    rows = sorted(
        [*(old for old in before if old["recipe"] not in options.recipes), *rows],
        key=lambda each: list(RECIPES).index(each["recipe"]),
    )
    found = {"machine": platform.machine(), "trained_on": TRAINED_ON, "seeds": options.seeds, "rows": rows}
    files.write_json(options.output, found | {"command": f"python benchmarks/recipes.py --epochs {options.epochs}"})
    page = HERE / "README.md"
    files.write_text(page, fill(page.read_text(encoding="utf-8"), {"recipes": table(rows)}))
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
