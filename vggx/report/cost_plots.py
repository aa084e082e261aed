"""rows of `vggx cost` and `vggx cost growth` -> by_layer.png, params_flops.png, growth.png."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FormatStrFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from vggx.report.lettering import legible
from vggx.report.plots import save

Row = Mapping[str, Any]
Point = tuple[float, float]
Label = tuple[str, Point, str]  # a name, its place and its colour

PALETTE = ("#228833", "#4477aa", "#ee6677", "#aa3377", "#ccbb44", "#66ccee")
SAME = 0.05  # points are told apart that differ by so many powers of ten
# where a name may stand: points from its mark, and how it is aligned
PLACES = [((7, 0), "left"), ((-7, 0), "right"), ((0, 10), "center"), ((0, -10), "center"),
         ((9, 14), "left"), ((9, -14), "left"), ((-9, 14), "right"), ((-9, -14), "right"),
         ((28, 22), "left"), ((-28, -22), "right")]  # fmt: skip
SHARES = {"macs": ("MACs", 0.0), "params": ("parameters", 0.4)}


def colours(rows: Sequence[Row]) -> dict[str, str]:
    """{modality: its colour}, by the alphabet, so that pictures of the same modalities agree."""
    return dict(zip(sorted({row["modality"] for row in rows}), cycle(PALETTE), strict=False))


def by_part(rows: Sequence[Row], path: Path) -> None:
    """A panel for each net: what share of its MACs and of its parameters every layer or block has."""
    name = "layer" if "layer" in rows[0] else "block"
    nets: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["macs"]:
            nets.setdefault((row["modality"], row["plan"]), []).append(row)
    most, colour = max(len(parts) for parts in nets.values()), colours(rows)
    columns = min(3, len(nets))
    lines = -(-len(nets) // columns)
    figure = Figure(figsize=(4.2 * columns + 0.8, (0.32 * most + 1.9) * lines))
    panels = list(figure.subplots(lines, columns, squeeze=False).flat)
    for axes in panels[len(nets) :]:
        axes.remove()
    for axes, ((modality, plan), parts) in zip(panels, nets.items(), strict=False):
        places = np.arange(len(parts))
        for (column, (word, offset)), alpha in zip(SHARES.items(), (1.0, 0.4), strict=True):
            total = sum(part[column] for part in parts)
            shares = [100 * part[column] / total for part in parts]
            label = f"{word}, {EngFormatter(places=2)(total)} in all"
            axes.barh(places + offset, shares, 0.4, color=colour[modality], alpha=alpha, label=label)
        axes.set_yticks(places + 0.2, [part[name] for part in parts])
        axes.invert_yaxis()
        axes.set(xlabel="share of the net, %")
        axes.set_title(f"{modality}, plan {plan}", pad=40)
        axes.grid(axis="x", alpha=0.3)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
    figure.tight_layout()
    save(figure, path)


def params_flops(rows: Sequence[Row], path: Path) -> None:
    """Parameters against the FLOPs of one sample: plans as dots and peers as crosses, with their names."""
    figure = Figure(figsize=(11, 8))
    axes = figure.subplots()
    labels: list[Label] = []
    for modality, colour in colours(rows).items():
        for whose, mark in (("vggx", "o"), ("peers", "x")):
            shown = [row for row in rows if row["modality"] == modality and (row["rows"] is None) == (whose == "peers")]
            if shown:
                points = [(row["params"], row["flops"]) for row in shown]
                axes.plot(*zip(*points, strict=True), mark, color=colour, label=f"{whose}, {modality}", markersize=6)
                names = [name_of(row) for row in shown]
                labels += [(text, point, colour) for point, text in joined(points, names).items()]
    axes.set(xscale="log", yscale="log", xlabel="parameters", ylabel="FLOPs of one sample, forward")
    axes.margins(0.08)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(EngFormatter())
    axes.grid(alpha=0.3, which="both", linewidth=0.4)
    axes.legend(loc="upper left")
    FigureCanvasAgg(figure).draw()  # from here on it is known where points and letters lie
    place(axes, labels)
    save(figure, path)


def name_of(row: Row) -> str:
    """r3d_18 of torchvision:r3d_18; D, 4 bands of a net whose sample is folded into four rows."""
    name = row["plan"].partition(":")[2] or row["plan"]
    return f"{name}, {row['rows']} bands" if (row["rows"] or 1) > 1 else name


def joined(points: Sequence[Point], names: Sequence[str]) -> dict[Point, str]:
    """{point: name}; points that all but coincide share one, with all their names."""
    found: dict[Point, list[str]] = {}
    for point, name in zip(points, names, strict=True):
        near = next((other for other in found if max(abs(np.log10(np.divide(point, other)))) < SAME), point)
        found.setdefault(near, []).append(legible(name))
    return {point: ", ".join(dict.fromkeys(shared)) for point, shared in found.items()}


def place(axes: Axes, labels: Sequence[Label]) -> None:
    """Names beside their points, each at the first place where it covers no other name and no other point."""
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in axes.transData.transform([at for _, at, _ in labels])]
    for text, point, colour in labels:
        for offset, side in PLACES:
            where: dict[str, Any] = {"xytext": offset, "textcoords": "offset points", "va": "center", "ha": side}
            written = axes.annotate(text, point, fontsize=8, color=colour, parse_math=False, **where)
            box = written.get_window_extent()
            if not any(box.overlaps(other) for other in taken) or offset == PLACES[-1][0]:
                taken.append(box)
                line = {"arrowstyle": "-", "linewidth": 0.5, "color": colour, "shrinkA": 0, "shrinkB": 3}
                axes.annotate("", point, arrowprops=line, **where)
                break
            written.remove()


def growth(curves: Sequence[Row], path: Path) -> None:
    """A panel for each option: the law as a line, the ledger's counts as points on it.

    Args:
        curves: {modality, grows, law, values, counted, smooth, predicted}; `predicted` are the law's at `smooth`.
    """
    options = list(dict.fromkeys(curve["grows"] for curve in curves))
    figure = Figure(figsize=(4.2 * len(options), 4.4))
    for axes, option in zip(figure.subplots(1, len(options), squeeze=False)[0], options, strict=True):
        for curve in curves:
            if curve["grows"] == option:
                colour = colours(curves)[curve["modality"]]
                label = f"{curve['modality']}: {curve['law']}"
                axes.plot(curve["smooth"], curve["predicted"], color=colour, label=label)
                axes.plot(curve["values"], curve["counted"], "o", color=colour, markersize=4)
        axes.set(xlabel=option, ylabel="MACs of one sample: law, counts as dots", yscale="log")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(EngFormatter())
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3, which="both", linewidth=0.4)
        axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout()
    save(figure, path)
