"""what was encoded anew (`vggx.commands.data_reencode.reencode`) -> tables on the screen."""

from collections.abc import Mapping
from typing import Any

from vggx.report import tables
from vggx.report.tables import listed


def show(report: Mapping[str, Any]) -> None:
    """The old files beside the new ones, then what a user should know."""
    totals, gain = report["totals"], report["gain"]
    rows = [(side, totals[f"bytes_{side}"], gain and gain[side]) for side in ("before", "after")]
    tables.show(
        [
            {
                "": side,
                "files": totals["files"],
                "frames": totals["frames"],
                "MB": size / 1e6,
                "clips_per_second": rate,
                "ms_per_clip": rate and 1000 / rate,
            }
            for side, size, rate in rows
        ]
    )
    print(f"bytes: {totals['bytes_after'] / totals['bytes_before']:.2f} times as many")
    if gain:
        clips = f"random clips of {gain['clip_frames']} frames x {gain['frame_stride']}"
        how = f"{clips} of {gain['files']} files, median of {gain['repeats']} repeats in turn"
        print(f"speed: {gain['ratio']:.2f} times as many clips a second ({how})")
    listed([row["reason"] for row in report["bad"]], "files could not be encoded and are left out")
    for note in report["notes"]:
        print(f"note: {note}")
