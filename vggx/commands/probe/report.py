"""what was seen of a net before training (`vggx.commands.probe.probe`) -> tables on the screen, and a picture."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from vggx.report import tables
from vggx.report.lettering import fitted
from vggx.report.plots import save

# column -> its colour and what it is
LINES = {
    "std": ("#4477aa", "values before the activation"),
    "grad_std": ("#ee6677", "gradients of the loss by them"),
}


def show(found: Mapping[str, Any]) -> None:
    """Layers, blocks, the logits and the loss, the rates to take, and last what is wrong."""
    print(f"{name_of(found)}, {found['samples']:,} samples of {found['input']}")
    tables.show(found["layers"])
    tables.show(found["parts"])
    loss, std = tables.words(found["loss"]), tables.words(found["logits_std"])
    print(f"loss {loss}, ln {found['classes']} = {found['ln_classes']:.4g}; standard deviation of the logits {std}")
    if found["block_rates"]:
        print(f"rates by |w| / |g|: {words(found['block_rates'])}")
    tell(found)


def words(rates: Sequence[float]) -> str:
    """As the command line takes them: recipe.block_rates=[0.25,1]"""
    return f"recipe.block_rates=[{','.join(f'{rate:g}' for rate in rates)}]"


def tell(found: Mapping[str, Any], stream: Any = None) -> None:
    """Unreadable files and signs of trouble, a line each."""
    lines = [f"skipped: {reason}" for reason in found["bad_files"].values()]
    lines += [f"warning: {sign}" for sign in found["signs"]]
    print("".join(f"{line}\n" for line in lines), end="", file=stream or sys.stdout)


def name_of(found: Mapping[str, Any]) -> str:
    norm = "" if found["norm"] == "none" else f", {found['norm']} norm"
    begun = f"weights of {found['weights']}" if found["weights"] else f"init {found['init']}"
    return f"{found['modality']}, plan {found['plan']} in dims {found['dims']}{norm}, {begun}"


def picture(found: Mapping[str, Any], path: Path) -> None:
    """A panel each for the spread of the values and of their gradients, by layer."""
    rows = found["layers"]
    places = np.arange(len(rows))
    width = max(7.0, 2.2 + 0.4 * len(rows))
    figure = Figure(figsize=(width, 6))
    panels = figure.subplots(2, 1, sharex=True)
    for axes, (column, (colour, meaning)) in zip(panels, LINES.items(), strict=True):
        values = [row[column] or np.nan for row in rows]  # a logarithm has no place for 0
        axes.plot(places, values, color=colour, marker="o", markersize=4)
        axes.set(yscale="log", ylabel="standard deviation", ylim=reach(values))
        axes.set_title(meaning, fontsize=10)
        axes.grid(alpha=0.3, which="both", linewidth=0.4)
    panels[-1].set_xticks(places, [row["layer"] for row in rows], rotation=60, ha="right")
    loss = f"loss {tables.words(found['loss'])}, ln {found['classes']} = {found['ln_classes']:.4g}"
    font = FontProperties(size=10)
    lines = [fitted(line, width - 0.5, font) for line in (name_of(found), found["input"], loss)]
    figure.suptitle("\n".join(lines), fontproperties=font, parse_math=False)
    figure.tight_layout()
    save(figure, path)


def reach(values: Sequence[float]) -> tuple[float, float] | None:
    """The ends of an axis, two powers of ten apart or more, so that layers that are all but alike look it."""
    known = np.array(values)[np.isfinite(values)]
    if not len(known):
        return None
    middle, half = np.sqrt(known.min() * known.max()), max(10.0, 1.3 * np.sqrt(known.max() / known.min()))
    return middle / half, middle * half
