"""pairs of videos with the same frames -> how many random clips a second are read of either, in turn."""

import time
from collections.abc import Sequence
from contextlib import suppress
from statistics import median
from typing import Any

from modalities.video.clips import frame_numbers, random_start
from modalities.video.data import opened
from modalities.video.options import Data
from vggx.data.listing import BadFile
from vggx.data.seeds import seeded
from vggx.options import given

FILES, REPEATS = 50, 5


def compare(options: Data, pairs: Sequence[tuple[str, str]], seed: int) -> dict[str, Any] | None:
    """Open each file by the reader of training and read a random clip of it, as long as those of training.

    Of many pairs some that lie evenly spread are taken. All are read once before, which scans them; those that cannot
    be read are left out. Each repeat draws other clips, the same of both files of a pair, which take turns to be first.

    Returns:
        {files, repeats, clip_frames, frame_stride, before, after, ratio}: clips per second of the first and of the
        second file of each pair, medians of the repeats as their ratio is; None where no pair can be read.
    """
    span, stride = options.span(), given(options.frame_stride, "frame_stride")
    lengths = {}
    for pair in pairs[:: -(-len(pairs) // FILES) or 1]:
        with suppress(BadFile):
            for path in pair:
                read(path, [0], options)
            lengths[pair] = opened(pair[0], options).length
    if not lengths:
        return None
    rates = []
    for repeat in range(REPEATS):
        seconds = [0.0, 0.0]
        for index, (pair, length) in enumerate(lengths.items()):
            with seeded(seed, repeat, index):
                start = random_start(length, span)
            numbers = frame_numbers(start, span, stride, length, "repeat")
            for side in (0, 1) if (repeat + index) % 2 else (1, 0):
                seconds[side] += read(pair[side], numbers, options)
        rates.append([len(lengths) / total for total in seconds])
    return {
        "files": len(lengths),
        "repeats": REPEATS,
        "clip_frames": options.frames,
        "frame_stride": stride,
        "before": median(before for before, _ in rates),
        "after": median(after for _, after in rates),
        "ratio": median(after / before for before, after in rates),
    }


def read(path: str, numbers: Sequence[int], options: Data) -> float:
    """Seconds that it takes to open a file and read frames of it."""
    started = time.perf_counter()
    opened(path, options).read(numbers)
    return time.perf_counter() - started
