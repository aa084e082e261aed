"""One image judged densely at three scales, and by 150 crops, as section 3.2 of the paper has both: MACs and seconds.

    python benchmarks/dense.py

Both in turn in one process, with mirror images. Writes benchmarks/results/dense.json and the table of
benchmarks/README.md.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from pages import fill
from torch import Tensor
from torchvision.transforms.v2 import functional as F
from turns import in_turn

from vggx import files, nd
from vggx.cost.ledger import ledger, total
from vggx.inference.meter import metered
from vggx.inference.views import crop_views, dense_views
from vggx.net import VGG, Normalise, PreparedNet
from vggx.options.net import IMAGENET
from vggx.report.rows import markdown
from vggx.report.tables import quantity, show
from vggx.runner.allocator import keep_freed_memory

HERE = Path(__file__).parent
SIZE, CLASSES = 224, 1000
SCALES = (256, 384, 512)


def net_of(plan: str) -> PreparedNet:
    """With drawn weights, which take as long as any."""
    vgg = VGG((3, SIZE, SIZE), CLASSES, plan=plan)
    nd.channels_last(vgg, 2)
    return PreparedNet(vgg, Normalise(*IMAGENET)).eval()


def ways(net: PreparedNet, image: Tensor) -> dict[str, Callable[[], Tensor]]:
    """Each gives the softmax of all of its views, (V, K)."""

    def answer(x: Tensor) -> Tensor:
        return net(x).softmax(1)

    pictures = [F.resize(image, [scale], antialias=True) for scale in SCALES]

    def dense() -> Tensor:
        return torch.cat([dense_views(answer, x, flip=True)[0] for x in pictures])

    def crops() -> Tensor:
        return torch.cat([crop_views(answer, x, SIZE, grid=5, along=1, flip=True, most=10)[0] for x in pictures])

    return {"dense": dense, "crops": crops}


def macs(net: PreparedNet, way: Callable[[], Tensor]) -> int:
    """By the ledger, of every input that the net is given."""
    with metered(net.vgg) as meter:
        way()
    plan, grid = net.vgg.spec.plan, net.vgg.grid
    return sum(
        count * total(ledger(shape, CLASSES, plan=plan, grid=grid))["macs"] for shape, count in meter.inputs.items()
    )


def seconds(way: Callable[[], Tensor]) -> float:
    begun = time.perf_counter()
    way()
    return time.perf_counter() - begun


@torch.inference_mode()
def measured(plan: str, repeats: int) -> list[dict[str, Any]]:
    net, image = net_of(plan), torch.randint(0, 256, (1, 3, 600, 600), dtype=torch.uint8)
    both = ways(net, image)
    times = in_turn({name: lambda way=way: seconds(way) for name, way in both.items()}, repeats)
    return [
        {
            "protocol": name,
            "plan": plan,
            "scales": list(SCALES),
            "views": len(way()),
            "macs": macs(net, way),
            "seconds": round(statistics.median(times[name]), 3),
            "all_seconds": [round(value, 3) for value in times[name]],
        }
        for name, way in both.items()
    ]


def table(rows: list[dict[str, Any]]) -> str:
    return markdown(
        [
            {
                "plan": row["plan"],
                "protocol": f"{row['protocol']} at {', '.join(map(str, row['scales']))}",
                "views": row["views"],
                "MACs": quantity(row["macs"]),
                "to dense, MACs": f"{row['macs_to_dense']:.2f}",
                "seconds": f"{row['seconds']:.2f}",
                "to dense, seconds": f"{row['seconds_to_dense']:.2f}",
            }
            for row in rows
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", default="D")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=HERE / "results" / "dense.json")
    options = parser.parse_args()
    keep_freed_memory()
    rows = measured(options.plan, options.repeats)
    dense = rows[0]
    for row in rows:
        row["macs_to_dense"] = round(row["macs"] / dense["macs"], 3)
        row["seconds_to_dense"] = round(row["seconds"] / dense["seconds"], 3)
    show([{key: row[key] for key in row if key != "all_seconds"} for row in rows])
    where = {"machine": f"{platform.machine()}, {torch.get_num_threads()} threads", "torch": metadata.version("torch")}
    files.write_json(
        options.output, {**where, "command": f"python benchmarks/dense.py --repeats {options.repeats}", "rows": rows}
    )
    page = HERE / "README.md"
    files.write_text(page, fill(page.read_text(encoding="utf-8"), {"dense": table(rows)}))
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
