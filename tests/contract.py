"""What plans cost, how their tensors are called and shaped, and what nets inherit, as tests/data/contract.json has it.

Renewed, where a change is meant, by `python -m tests.contract`; the difference that git shows is what has changed.
"""

import json
import tempfile
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import torch

from tests.vggx.published import narrow
from vggx import PLANS, VGG, configs, read_weights, settings, transfer
from vggx.cost.ledger import Cost, ledger, ledger_of
from vggx.options import Modality
from vggx.weights.store import make_card, save_file_of_net

FILE = Path(__file__).parent / "data/contract.json"
CLASSES = 1000
SHAPES = {"1d": (4, 64), "2d": (3, 32, 32), "3d": (3, 8, 32, 32)}
MICRO = {"plan": "micro", "width": 0.25}
VARIANTS: dict[str, dict[str, Any]] = {
    **{
        f"{head}, norm {norm}": {"head": head, "norm": norm}
        for head, norm in product(("fc", "pooled"), ("none", "batch"))
    },
    "leaky": {"activation": "leaky_relu", "norm": "batch", "dropout": 0.0},
    "replicate": {"padding": "replicate"},
    "A-LRN": {"plan": "A-LRN", "width": 0.0625},
    "C": {"plan": "C", "width": 0.0625, "head": "pooled"},
    "first blocks": {"plan": "E:3", "width": 0.0625, "head": "pooled"},
}
# source -> target, each a modality with options of its net
SMALL = {
    "image": {"size": 32, "resize": 32},
    "video": {"size": 32, "resize": 32, "frames": 8},
    "audio": {"seconds": 0.5},
}
FOLDED = {"frequency": "pooled", "bands": 4}
MOVES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "image to video, fc": ("image", {"head": "fc", "norm": "none"}, "video", {}),
    "image to video, pooled": ("image", {"head": "pooled"}, "video", {}),
    "image to audio, fc": ("image", {"head": "fc", "norm": "none"}, "audio", FOLDED),
    "image to audio, pooled": ("image", {"head": "pooled"}, "audio", FOLDED),
    "image to audio, bands as channels": ("image", {"head": "pooled"}, "audio", {}),
    "image to video, no norm to norm": ("image", {"head": "fc", "norm": "none"}, "video", {"norm": "batch"}),
    "video to image, fc": ("video", {"head": "fc"}, "image", {}),
    "video to image, another head": ("video", {"head": "fc"}, "image", {"head": "pooled"}),
    "audio to image, pooled": ("audio", {"head": "pooled", **FOLDED}, "image", {}),
}
RULES = ("center", "mean")

Rows = list[list[Any]]


@cache
def packaged(name: str) -> Modality:
    return settings.usual(configs.load(f"modality/{name}"))


def options(name: str, data: dict[str, Any] | None = None, net: dict[str, Any] | None = None) -> Modality:
    """A modality as it is for a user's own data, with these options besides."""
    made = packaged(name)
    return replace(made, data=replace(made.data, **data or {}), net=replace(made.net, **net or {}))


def cost_rows(costs: list[Cost]) -> Rows:
    """[name, part, kind, output, params, MACs, MACs in training, values read, written, bytes saved at 16 bits]"""
    return [
        [
            cost.name, cost.part, cost.kind, list(cost.output), cost.params, cost.macs, cost.train_macs, cost.read,
            cost.written, cost.saved.bytes(2),
        ]
        for cost in costs
    ]  # fmt: skip


def costs() -> dict[str, Rows]:
    """Of every plan in each modality at its packaged options, and of small nets of every kind."""
    plans = {
        f"{name}, {plan}": ledger_of(options(name, net={"plan": plan}), CLASSES)
        for name, plan in product(configs.names("modality"), PLANS)
    }
    small = {
        f"{dims}, {variant}": ledger(shape, 10, **(MICRO | changes))
        for (dims, shape), (variant, changes) in product(SHAPES.items(), VARIANTS.items())
        if not too_small(shape, changes)
    }
    folded = {"audio, D, bands pooled": ledger_of(options("audio", net={"plan": "D", "frequency": "pooled"}), CLASSES)}
    return {name: cost_rows(found) for name, found in (plans | folded | small).items()}


def too_small(shape: tuple[int, ...], changes: dict[str, Any]) -> bool:
    """Whether a clip of 8 frames is too short for the five pools of a plan of the paper."""
    return changes.get("plan") in ("A-LRN", "C") and min(shape[1:]) < 32


def shapes(net: torch.nn.Module) -> Rows:
    return [[name, list(value.shape)] for name, value in net.state_dict().items()]


def tensors() -> dict[str, Rows]:
    """[name, shape] of small nets of every kind, of the paper's D, and of each modality's whole net."""
    with torch.device("meta"):
        found = {
            f"{dims}, {variant}": shapes(VGG(shape, 10, **(MICRO | changes)))
            for (dims, shape), (variant, changes) in product(SHAPES.items(), VARIANTS.items())
            if not too_small(shape, changes)
        }
        found["2d, D"] = shapes(VGG((3, 224, 224), CLASSES, plan="D", norm="batch"))
    for name, small in SMALL.items():
        found[f"{name}, prepared"] = shapes(options(name, small, MICRO).build(10))
    return found


def transfers() -> dict[str, Rows]:
    """[target, source, rule, source shape, target shape, result] of each layer."""
    found: dict[str, Rows] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source.safetensors"
        for move, (source, net, target, changes) in MOVES.items():
            made = options(source, SMALL[source], MICRO | net)
            whole = made.build(10)
            save_file_of_net(path, whole, make_card(made, whole, list("0123456789")))
            weights = read_weights(str(path))
            shared = {name: net[name] for name in ("head", "norm") if name in net}
            new = options(target, SMALL[target], MICRO | shared | changes).build(10).vgg
            for rule in RULES[: 2 if target == "video" else 1]:
                moved = transfer(weights, new, rule=rule, keep_classes=rule == "center")
                found[f"{move}, {rule}"] = [list(row.values()) for row in moved.rows]
        path = Path(folder) / "vgg11.pth"
        for norm in ("none", "batch"):
            torch.save(narrow("A", norm).state_dict(), path)
            weights = read_weights(str(path))
            new = options("video", None, {"plan": "A", "width": 0.125, "norm": norm}).build(10).vgg
            moved = transfer(weights, new)
            found[f"torchvision to video, norm {norm}"] = [list(row.values()) for row in moved.rows]
    return found


def contract() -> dict[str, dict[str, Rows]]:
    return {"cost": costs(), "tensors": tensors(), "transfer": transfers()}


def text(found: dict[str, dict[str, Rows]]) -> str:
    """JSON with a line for each row."""
    parts = []
    for part, tables in found.items():
        made = [
            f"  {json.dumps(name)}: [\n" + ",\n".join(f"   {json.dumps(row)}" for row in rows) + "\n  ]"
            for name, rows in tables.items()
        ]
        parts.append(f" {json.dumps(part)}: {{\n" + ",\n".join(made) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(contract()), encoding="utf-8")
