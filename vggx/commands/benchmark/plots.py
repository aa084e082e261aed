"""what `vggx benchmark` found -> speed.png (samples a second as bars) and roofline.png (intensity against rate)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from vggx.commands.benchmark.tables import ceilings, flattened
from vggx.report.cost_plots import colours, joined, place
from vggx.report.lettering import legible
from vggx.report.plots import save

Row = Mapping[str, Any]


def timed(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [flattened(row) for row in found["rows"] if row["error"] is None]


def rates(found: Mapping[str, Any], path: Path) -> None:
    """A panel for each comparison: samples a second with their quartiles, ours in colour, peers grey."""
    rows = timed(found)
    keys = list(dict.fromkeys((row["modality"], row["mode"], row["batch_size"]) for row in rows))
    panels = [[row for row in rows if (row["modality"], row["mode"], row["batch_size"]) == key] for key in keys]
    colour = colours(rows)
    heights = [0.9 + 0.28 * len(own) for own in panels]
    figure = Figure(figsize=(9, sum(heights) + 0.4))
    parts = figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})
    for axes, (modality, mode, batch), own in zip(parts.flat, keys, panels, strict=True):
        places = np.arange(len(own))
        values = [row["samples_per_second"] for row in own]
        spread = [
            [row["samples_per_second"] - row["low"] for row in own],
            [row["high"] - row["samples_per_second"] for row in own],
        ]
        shades = ["#bbbbbb" if row["peer"] else colour[modality] for row in own]
        axes.barh(places, values, 0.7, xerr=spread, color=shades, error_kw={"elinewidth": 0.8})
        axes.set_yticks(
            places, [legible(f"{row['net']}, {row['setting']}") for row in own], fontsize=8, parse_math=False
        )
        axes.invert_yaxis()
        axes.set_xlim(0, 1.18 * max(row["high"] for row in own))
        for at, row in zip(places, own, strict=True):
            axes.annotate(f"{row['samples_per_second']:.4g}", (row["high"], at), (4, 0), textcoords="offset points",
                          va="center", fontsize=8)  # fmt: skip
        axes.set_title(f"{modality}, {mode}, batch {batch}: samples a second", fontsize=9, loc="left")
        axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    save(figure, path)


def roofline(found: Mapping[str, Any], path: Path) -> None:
    """A panel for each precision: FLOPs a byte against FLOP/s of a forward pass, below the device's measured roof.

    Intensity is that of the least traffic; a dot on the roof could not be faster by kernels of the same arithmetic.
    Of a net in several settings the first is shown.
    """
    rows = first_settings([row for row in timed(found) if row["mode"] == "infer"])
    shades = colours(rows)
    precisions = list(dict.fromkeys(row["precision"] for row in rows))
    figure = Figure(figsize=(7.5 * max(1, len(precisions)), 6))
    for axes, precision in zip(figure.subplots(1, max(1, len(precisions)), squeeze=False)[0], precisions, strict=False):
        own = [row for row in rows if row["precision"] == precision]
        flops, moved = ceilings(own)[precision]
        ridge = flops / moved
        reach = [row["intensity"] for row in own]
        line = np.geomspace(min([*reach, ridge]) / 2, max([*reach, ridge]) * 2, 200)
        axes.plot(line, np.minimum(flops, line * moved), color="black", linewidth=1)
        labels = []
        for modality, colour in shades.items():
            for whose, mark in ((False, "o"), (True, "x")):
                shown = [row for row in own if row["modality"] == modality and row["peer"] == whose]
                points = [(row["intensity"], row["flops_per_second"]) for row in shown]
                if points:
                    label = f"{'peers' if whose else 'vggx'}, {modality}"
                    axes.plot(*zip(*points, strict=True), mark, color=colour, markersize=6, label=label)
                    labels += [(text, at, colour) for at, text in joined(points, names(shown)).items()]
        axes.set(xscale="log", yscale="log", xlabel="FLOPs a byte", ylabel="FLOP/s, forward")
        axes.set_title(f"{legible(found['device'])}, {precision}; a net and its batch", fontsize=9, parse_math=False)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(EngFormatter())
            axis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.margins(0.1)
        axes.grid(alpha=0.3, which="both", linewidth=0.4)
        axes.legend(loc="lower right", fontsize=8)
        FigureCanvasAgg(figure).draw()  # from here on it is known where points and letters lie
        place(axes, labels)
    save(figure, path)


def first_settings(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a net's rows in one precision and batch the first, which is that of the setting named first."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in ("modality", "net", "batch_size", "precision")), row)
    return list(found.values())


def names(rows: Sequence[Row]) -> list[str]:
    return [f"{row['net'].partition(':')[2] or row['net']}, {row['batch_size']}" for row in rows]
