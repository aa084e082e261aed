"""What a data set holds (`vggx.commands.data_stats.stats`) -> tables on the screen."""

from collections.abc import Mapping
from typing import Any

from vggx.report import tables
from vggx.report.tables import listed


def show(summary: Mapping[str, Any]) -> None:
    """The tables that have rows, then what a user should know, the most important last."""
    for name in ("classes", "numbers", "words"):
        if summary[name]:
            tables.show(summary[name])
    torn = [
        f"group {row['group']}: " + ", ".join(f"{row[split]} {split}" for split in summary["files"] if row[split])
        for row in summary["groups_on_both_sides"]
    ]
    listed(torn, "groups on both sides of a split")
    listed([f"{row['split']}: {row['reason']}" for row in summary["unreadable"]], "unreadable files")
    for note in summary["notes"]:
        print(f"note: {note}")
    counts = ", ".join(f"{number:,} {split}" for split, number in summary["files"].items())
    print(f"{summary['root'] or 'embedded'} (source {summary['source']}): {summary['targets']}, {counts}")
    if summary["input"]:
        mean, std = (", ".join(f"{value:.4f}" for value in summary["input"][name]) for name in ("mean", "std"))
        print(f"input of the net over the training split: mean {mean}; standard deviation {std}")
        for component in summary["input"].get("principal_colours", []):
            rgb = ", ".join(f"{value:+.4f}" for value in component["rgb"])
            print(f"principal colour: variance {component['variance']:.5f} along RGB ({rgb})")
