"""Parameters, MACs and FLOPs of the three modalities' nets side by side, held against torch's own counter.

    python benchmarks/cost.py [key=value ...]

Prints `vggx cost`'s table with a column of what `torch.utils.flop_counter` counts on the meta device, and writes
benchmarks/results/cost.json. Exit code 1 if the two differ anywhere.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from modalities.audio.net import FoldedVGG
from vggx import configs, files, settings
from vggx.net import VGG
from vggx.options import Modality
from vggx.report.tables import show
from vggx.runner.cost import cost

RESULTS = Path(__file__).parent / "results"
CLASSES = 1000


def counted(modality: Modality) -> tuple[int, int]:
    """(parameters, FLOPs) of the net on the meta device: no memory, no arithmetic."""
    arguments, rows = modality.vgg_arguments(), modality.net.rows()
    channels, *size = arguments["input_shape"]
    with torch.device("meta"):
        net = (FoldedVGG if rows > 1 else VGG)(classes=CLASSES, **arguments).eval()
        # a folded net takes its rows where others take channels
        x = torch.empty(1, rows if rows > 1 else channels, *size)
    with FlopCounterMode(display=False) as counter:
        net(x)
    return sum(parameter.numel() for parameter in net.parameters()), counter.get_total_flops()


def variants() -> list[Modality]:
    """Every modality as it is for a user's own data, and audio with frequency pooled besides."""
    found = [settings.usual(configs.load(f"modality/{name}")) for name in configs.names("modality")]
    pooled = configs.load("modality/audio")
    pooled.net.frequency = "pooled"
    return [*found, settings.usual(pooled)]


def main() -> int:
    modalities = variants()
    table = cost(modalities, CLASSES)
    rows: list[dict[str, Any]] = []
    for modality, row in zip(modalities, table["rows"], strict=True):
        params, flops = counted(modality)
        rows.append({**row, "torch_params": params, "torch_flops": flops})
    print(table["convention"])
    show(rows)
    files.write_json(RESULTS / "cost.json", {"convention": table["convention"], "rows": rows})
    return int(any((row["params"], row["flops"]) != (row["torch_params"], row["torch_flops"]) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
