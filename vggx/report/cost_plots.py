"""rows of `vggx cost` and `vggx cost growth` -> by_layer.png, params_flops.png, growth.png."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FormatStrFormatter, LogLocator, NullFormatter

from vggx.report.lettering import legible
from vggx.report.plots import save

Row = Mapping[str, Any]

COLOURS = {"image": "#4477aa", "video": "#ee6677", "audio": "#228833"}
SAME = 0.035  # points are told apart that differ by so many powers of ten
OTHER = "#777777"  # a modality that is none of these three
SHARES = {"macs": ("MACs", 0.0), "params": ("parameters", 0.4)}


def by_part(rows: Sequence[Row], path: Path) -> None:
    """A panel for each net: what share of its MACs and of its parameters every layer or block has."""
    name = "layer" if "layer" in rows[0] else "block"
    nets: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["macs"]:
            nets.setdefault((row["modality"], row["plan"]), []).append(row)
    most = max(len(parts) for parts in nets.values())
    figure = Figure(figsize=(4.2 * len(nets) + 0.8, 0.6 + 0.32 * most + 0.9))
    panels = figure.subplots(1, len(nets), squeeze=False)[0]
    for axes, ((modality, plan), parts) in zip(panels, nets.items(), strict=True):
        places = np.arange(len(parts))
        for (column, (word, offset)), alpha in zip(SHARES.items(), (1.0, 0.4), strict=True):
            total = sum(part[column] for part in parts)
            shares = [100 * part[column] / total for part in parts]
            label = f"{word}, {EngFormatter(places=2)(total)} in all"
            axes.barh(places + offset, shares, 0.4, color=COLOURS.get(modality, OTHER), alpha=alpha, label=label)
        axes.set_yticks(places + 0.2, [part[name] for part in parts])
        axes.invert_yaxis()
        axes.set(xlabel="share of the net, %", title=f"{modality}, plan {plan}")
        axes.grid(axis="x", alpha=0.3)
        axes.legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    save(figure, path)


def params_flops(rows: Sequence[Row], path: Path) -> None:
    """Parameters against the FLOPs of one sample: plans as dots and peers as crosses, with their names."""
    figure = Figure(figsize=(9, 6.5))
    axes = figure.subplots()
    for modality in dict.fromkeys(row["modality"] for row in rows):
        colour = COLOURS.get(modality, OTHER)
        own = [row for row in rows if row["modality"] == modality and row["rows"] is not None]
        peers = [row for row in rows if row["modality"] == modality and row["rows"] is None]
        own.sort(key=lambda row: row["flops"])
        points = [(row["params"], row["flops"]) for row in own]
        if own:
            axes.plot(*zip(*points, strict=True), "o", color=colour, label=f"vggx, {modality}", markersize=5)
            label_points(axes, points, [row["plan"] for row in own], colour)
        if peers:
            points = [(row["params"], row["flops"]) for row in peers]
            axes.plot(*zip(*points, strict=True), "x", color=colour, label=f"peers, {modality}", markersize=7)
            label_points(axes, points, [row["plan"].partition(":")[2] for row in peers], colour)
    axes.set(xscale="log", yscale="log", xlabel="parameters", ylabel="FLOPs of one sample, forward")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(EngFormatter())
    axes.grid(alpha=0.3, which="both", linewidth=0.4)
    axes.legend()
    save(figure, path)


def label_points(axes: Axes, points: Sequence[tuple[float, float]], names: Sequence[str], colour: str) -> None:
    """Names beside their points; those of points that all but coincide share one label."""
    labels: dict[tuple[float, float], list[str]] = {}
    for point, name in zip(points, names, strict=True):
        near = next((other for other in labels if max(abs(np.log10(np.divide(point, other)))) < SAME), point)
        labels.setdefault(near, []).append(legible(name))
    for point, shared in labels.items():
        text, offset = ", ".join(shared), (6, -3)
        axes.annotate(
            text, point, xytext=offset, textcoords="offset points", fontsize=7, color=colour, parse_math=False
        )


def growth(curves: Sequence[Row], path: Path) -> None:
    """A panel for each option: the law as a line, the ledger's counts as points on it.

    Args:
        curves: {modality, grows, law, values, counted, smooth, predicted}; `predicted` are the law's at `smooth`.
    """
    options = list(dict.fromkeys(curve["grows"] for curve in curves))
    figure = Figure(figsize=(4.2 * len(options), 3.8))
    for axes, option in zip(figure.subplots(1, len(options), squeeze=False)[0], options, strict=True):
        for curve in curves:
            if curve["grows"] == option:
                colour = COLOURS.get(curve["modality"], OTHER)
                label = f"{curve['modality']}: {curve['law']}"
                axes.plot(curve["smooth"], curve["predicted"], color=colour, label=label)
                axes.plot(curve["values"], curve["counted"], "o", color=colour, markersize=4)
        axes.set(xlabel=option, ylabel="MACs of one sample", yscale="log")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(EngFormatter())
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3, which="both", linewidth=0.4)
        axes.legend(fontsize=8)
    figure.tight_layout()
    save(figure, path)
