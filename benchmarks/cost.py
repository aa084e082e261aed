"""What the nets of the three modalities cost, held against torch's own counter, beside peers; the tables of the pages.

    python benchmarks/cost.py

Writes benchmarks/results/cost.json, cost.csv, by_layer.png, params_flops.png and growth.png, and the tables of
README.md and docs/cost.md. Exit code 1 if ledger and torch differ anywhere.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from pages import fill, pages

from vggx import configs, files, settings
from vggx.commands.benchmark.entrants import eaten_shape
from vggx.commands.cost_growth.growth import curves, growth
from vggx.cost.counter import Count, count
from vggx.cost.growth import with_value
from vggx.folded import net_of
from vggx.options import Modality, Settings
from vggx.report import cost_plots
from vggx.report.tables import show
from vggx.runner.cost import Terms, cost
from vggx.runner.variants import variants

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
CLASSES = 1000
COUNTED = ("params", "flops", "flops_train", "activations")
PEERS = [
    *(f"torchvision:{name}" for name in ("vgg16", "vgg16_bn", "resnet50", "convnext_tiny", "vit_b_16")),
    *(f"torchvision:{name}" for name in ("r3d_18", "mc3_18", "r2plus1d_18", "s3d", "swin3d_t")),
    *(f"pytorchvideo:{name}" for name in ("c2d_r50", "i3d_r50", "slow_r50", "slowfast_r50", "x3d_m", "csn_r101")),
    "timm:vgg16",
]


def counted(modality: Modality) -> Count:
    """What torch counts of the net on the meta device: no memory, no arithmetic."""
    with torch.device("meta"):
        net = net_of(modality.spec(CLASSES))
    return count(net, torch.empty(1, *eaten_shape(modality), device="meta"))


def config() -> DictConfig:
    """What `vggx cost` composes where nothing is said."""
    return OmegaConf.create({"modality": None, "recipe": configs.load("recipe/default")})


def nets() -> list[Settings]:
    """Every plan in every modality as it is for a user's own data, and audio with frequency pooled besides."""
    found, left_out = variants(config())
    assert not left_out
    pooled = config()
    pooled.modality = configs.load("modality/audio")
    pooled.modality.net.frequency, pooled.modality.net.plan = "pooled", "D"
    return [*found, *variants(pooled)[0]]


def usual() -> list[Modality]:
    return [settings.usual(configs.load(f"modality/{name}")) for name in ("image", "video", "audio")]


def bare() -> dict[str, Modality]:
    """The usual nets by name, without a norm."""
    return {modality.name: with_value(modality, "norm", "none") for modality in usual()}


def measured() -> dict[str, Any]:
    """What goes into cost.json: {convention, rows, growth}; of our nets, torch's counts stand beside the ledger's."""
    ours = nets()
    found = cost(ours, Terms(CLASSES), compare=PEERS)
    rows = found["rows"]
    for net, row in zip(ours, rows, strict=False):
        row |= {f"torch_{name}": getattr(counted(net.modality), name) for name in COUNTED}
    return {**found, "growth": growth(usual(), CLASSES)["rows"]}


def pictures(found: dict[str, Any], folder: Path) -> None:
    layers = cost([Settings(modality=modality) for modality in usual()], Terms(CLASSES), by="layer")["rows"]
    cost_plots.by_part(layers, folder / "by_layer.png")
    cost_plots.params_flops(found["rows"], folder / "params_flops.png")
    cost_plots.growth(curves(usual(), CLASSES), folder / "growth.png")


def main() -> int:
    found = measured()
    print(found["convention"])
    rows = found["rows"]
    show([{name: row.get(name) for name in ("modality", "plan", *COUNTED, "published_gmacs")} for row in rows])
    files.write_json(RESULTS / "cost.json", found)
    files.write_csv(RESULTS / "cost.csv", rows)
    pictures(found, RESULTS)
    for path, tables in pages(found, bare()).items():
        files.write_text(ROOT / path, fill((ROOT / path).read_text(encoding="utf-8"), tables))
    return int(any(row[name] != row[f"torch_{name}"] for row in rows if "torch_flops" in row for name in COUNTED))


if __name__ == "__main__":
    sys.exit(main())
