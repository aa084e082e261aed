"""What each way of making training faster is worth on this machine: with it and without it, in turn in one process.

    python benchmarks/levers.py

Those that vggx has, and those that were tried and left. Writes benchmarks/results/levers.json and the table of
benchmarks/README.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pages import fill
from torch import Tensor, nn
from torch.nn import functional as F

from vggx import files, nd, recipes
from vggx.blocks import VGGBlock
from vggx.cost.speed import clock
from vggx.cost.speed.steps import Setting, Step, Subject
from vggx.net import VGG
from vggx.options import Recipe
from vggx.report.rows import markdown
from vggx.report.tables import show
from vggx.runner.allocator import keep_freed_memory

HERE = Path(__file__).parent
CPU = torch.device("cpu")
CLIPS = {"pools": [(1, 2, 2), 2, 2]}
LAST = Setting(channels_last=True)
Change = Callable[[nn.Module], nn.Module]


class Net(NamedTuple):
    shape: tuple[int, ...]
    batch: int
    options: dict[str, Any]

    def subject(self, name: str, change: Change = lambda net: net, *, fused: bool = True) -> Subject:
        recipe = Recipe(optimizer="sgd", lr=1e-3, weight_decay=5e-4)
        return Subject(
            name=name,
            dims=len(self.shape) - 1,
            shape=self.shape,
            build=lambda: change(VGG(self.shape, 1000, **self.options)),
            optimizer=partial(recipes.optimizer, recipe=recipe, clips=not fused),
        )


NETS = {
    "image, plan D": Net((3, 224, 224), 2, {"plan": "D"}),
    "image, plan micro": Net((1, 32, 32), 64, {"plan": "micro", "norm": "batch", "head": "pooled"}),
    "video, plan micro": Net((3, 8, 32, 32), 16, {"plan": "micro", "norm": "batch", "head": "pooled", **CLIPS}),
    "audio, plan D": Net((64, 101), 64, {"plan": "D", "norm": "batch", "grid": (1,)}),
}


def as_convolution(net: nn.Module) -> nn.Module:
    """The classifier's layers as torch's own convolutions."""
    for layer in net.modules():
        if isinstance(layer, nd.Product):
            layer.forward = super(nd.Product, layer).forward
    return net


def in_place(net: nn.Module) -> nn.Module:
    for layer in net.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = True
    return net


def pooled_first(net: nn.Module) -> nn.Module:
    """The last ReLU of every block behind the pool, which gives the same: a quarter of the values, or an eighth."""

    def forward(block: VGGBlock, x: Tensor, valid: Tensor | None = None) -> Tensor:
        *units, last, pool = block
        for unit in units:
            x = unit(x)
        *before, act = last
        for layer in before:
            x = layer(x)
        return act(pool(x))

    for block in net.modules():
        if isinstance(block, VGGBlock):
            block.forward = partial(forward, block)
    return net


def as_2d(net: nn.Module) -> nn.Module:
    """Conv1d run as Conv2d with channels last, of which torch has none for three axes."""

    def forward(conv: nn.Conv1d, x: Tensor) -> Tensor:
        last = torch.channels_last
        x, weight = (t.unsqueeze(2).contiguous(memory_format=last) for t in (x, conv.weight))
        return F.conv2d(x, weight, conv.bias, padding=(0, *conv.padding)).squeeze(2)

    for layer in net.modules():
        if type(layer) is nn.Conv1d:
            layer.forward = partial(forward, layer)
    return net


class Way(NamedTuple):
    """A lever, and how a net is run with and without it."""

    kept: bool
    with_it: tuple[Setting, Change, bool]  # setting, change of the net, fused step
    without: tuple[Setting, Change, bool]


def same(net: nn.Module) -> nn.Module:
    return net


USUAL = (LAST, same, True)
LEVERS = {
    "channels last": Way(True, USUAL, (Setting(), same, True)),
    "the classifier as matrix products": Way(True, USUAL, (LAST, as_convolution, True)),
    "a fused step of the optimiser": Way(True, USUAL, (LAST, same, False)),
    "ReLU in place": Way(False, (LAST, in_place, True), USUAL),
    "pool before the block's last ReLU": Way(False, (LAST, pooled_first, True), USUAL),
    "torch.compile": Way(False, (replace(LAST, compile=True), same, True), USUAL),
    "Conv1d as Conv2d": Way(False, (LAST, as_2d, True), USUAL),
}
# the nets that a lever is of
ONLY: dict[str, Callable[[Net], bool]] = {
    "Conv1d as Conv2d": lambda net: len(net.shape) == 2,
    "channels last": lambda net: len(net.shape) > 2,
    "the classifier as matrix products": lambda net: net.options.get("head") != "pooled",
}
MEMORY = "freed memory kept"


def measured(repeats: int) -> Iterator[dict[str, Any]]:
    for where, net in NETS.items():
        for lever, way in LEVERS.items():
            if lever in ONLY and not ONLY[lever](net):
                continue
            row: dict[str, Any] = {"lever": lever, "kept": way.kept, "net": where, "batch": net.batch}
            for mode in ("train", "infer"):
                if lever == "a fused step of the optimiser" and mode == "infer":
                    continue
                steps = {
                    name: Step(net.subject(name, change, fused=fused), setting, mode, net.batch, CPU)
                    for name, (setting, change, fused) in (("with", way.with_it), ("without", way.without))
                }
                rounds = list(clock.in_turn(steps, CPU, repeats=repeats, seconds=0.5))
                row[mode] = clock.Spread.of([one["without"] / one["with"] for one in rounds])._asdict()
            yield row


def kept_memory(repeats: int) -> Iterator[dict[str, Any]]:
    """It is a matter of the whole process: one for each, in turn."""
    for where in NETS:
        row: dict[str, Any] = {"lever": MEMORY, "kept": True, "net": where, "batch": NETS[where].batch}
        for mode in ("train", "infer"):
            ratios = []
            for _ in range(max(2, repeats // 2)):
                taken = {
                    how: float(
                        subprocess.run(
                            [sys.executable, __file__, "--one", where, mode, how],
                            capture_output=True, text=True, check=True,
                        ).stdout
                    )
                    for how in ("keep", "usual")
                }  # fmt: skip
                ratios.append(taken["usual"] / taken["keep"])
            row[mode] = clock.Spread.of(ratios)._asdict()
        yield row


def one(where: str, mode: str, how: str) -> float:
    """Median seconds of a step in a process of its own."""
    if how == "keep":
        keep_freed_memory()
    net = NETS[where]
    step = Step(net.subject(where), LAST, mode, net.batch, CPU)
    step()
    count = clock.count_for(0.5, step, CPU)
    return statistics.median(clock.seconds_of(step, count, CPU) for _ in range(5))


def line(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the page: times as fast as without, between its quartiles."""
    times = {
        mode: None if mode not in row else "{median:.2f} ({low:.2f} to {high:.2f})".format(**row[mode])
        for mode in ("train", "infer")
    }
    return {"lever": row["lever"], "net": row["net"], "batch": row["batch"], **times}


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Of benchmarks/README.md."""
    of_page = (("kept", True), ("left", False))
    return {name: markdown([line(row) for row in rows if row["kept"] == kept]) for name, kept in of_page}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if options.one:
        print(one(*options.one))
        return
    rows = list(kept_memory(options.repeats))
    keep_freed_memory()  # as vggx trains
    for row in measured(options.repeats):
        rows.append(row)
        print(json.dumps(line(row)), flush=True)
    rows.sort(key=lambda row: not row["kept"])
    versions = {"python": platform.python_version(), "torch": metadata.version("torch")}
    found = {
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "versions": versions,
        "repeats": options.repeats,
        "command": "python benchmarks/levers.py",
        "rows": rows,
    }
    files.write_json(HERE / "results/levers.json", found)
    page = HERE / "README.md"
    files.write_text(page, fill(page.read_text(encoding="utf-8"), tables(rows)))
    show([line(row) for row in rows])


if __name__ == "__main__":
    main()
