"""path -> its scan, kept in memory and on disk, so that loading processes and later runs need not scan again.

On disk every video has a file of its own, which is there whole or not at all: so many processes need no lock, as a
database would, and a lock is what shared file systems often lack. What is damaged, or tells of another state of the
video, is made anew.
"""

import hashlib
import json
import os
import platform
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import av
import decord
import numpy as np

from modalities.video.bounds import Bounds
from modalities.video.packets import Packets, scan
from vggx.data.embedded import cache_folder
from vggx.data.listing import BadFile, check_file
from vggx.files import WRITING

FORM = 1  # of what a scan finds and how it is written; grows when either changes
LIMIT = 4096  # scans in memory; some kilobytes each, with 16 bytes a frame
ARRAYS = ("times", "places", "keys")  # of a scan; the rest is numbers and words

State = list[str | int]  # of a file, which its scan must be of
memory: dict[str, tuple[State, Packets]] = {}


def packets_of(path: str, bounds: Bounds) -> Packets:
    """The scan of a file, known or new.

    Raises:
        BadFile: as `modalities.video.packets.scan`.
    """
    check_file(path)
    found = known(path)
    if found is None:
        now = state(path)
        found = scan(path, bounds)
        remember(path, now, found)
        with suppress(OSError, RuntimeError):  # no place to write to: then it is in memory alone
            write(place(path), to_text(now, found))
    bounds.check(path, found.width, found.height, found.seconds)
    return found


def known(path: str) -> Packets | None:
    """The scan of a file in its present state, if there is one."""
    with suppress(OSError, RuntimeError, ValueError, KeyError, TypeError):  # not there, or damaged
        now = state(path)
        before, found = memory.get(path) or from_text(place(path).read_text(encoding="utf-8"))
        if before == now:
            remember(path, now, found)
            return found
    return None


def decoders(paths: Iterable[str], bounds: Bounds | None = None) -> dict[str, Any]:
    """How many of these videos each way of reading serves under modality.data.decoder=auto.

    Args:
        bounds: where given, files without a scan are scanned now, within these.

    Returns:
        {decord, pyav, frames, unknown, reasons}: numbers of files that decord and PyAV read, of folders of frames and
        of files without a scan (not read yet, or not readable); and a number for each reason not to use decord.
    """
    counts, reasons = Counter(decord=0, pyav=0, frames=0, unknown=0), Counter[str]()
    for path in paths:
        if os.path.isdir(path):
            counts["frames"] += 1
            continue
        found = known(path)
        if found is None and bounds is not None:
            with suppress(BadFile):
                found = packets_of(path, bounds)
        counts[found.decoder if found else "unknown"] += 1
        if found and found.reason:
            reasons[found.reason] += 1
    return {**counts, "reasons": dict(reasons.most_common())}


def state(path: str) -> State:
    facts = os.stat(path)
    # whether decord reads a file rightly hangs on both libraries and on the processor
    made_by = f"{FORM} {av.__version__} {decord.__version__} {processor()}"
    return [made_by, os.path.abspath(path), facts.st_size, facts.st_mtime_ns]


@cache
def processor() -> str:
    """Its model where Linux tells, else its architecture."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return platform.machine()


def remember(path: str, now: State, found: Packets) -> None:
    memory[path] = now, found
    if len(memory) > LIMIT:
        del memory[next(iter(memory))]


def place(path: str) -> Path:
    name = hashlib.blake2b(os.path.abspath(path).encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return cache_folder() / "videos" / name[:2] / f"{name[2:]}.json"


def write(target: Path, text: str) -> None:
    # as vggx.files.atomic, but not flushed to the disk: that takes as long as a scan, and the sum tells what is damaged
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{WRITING}{os.getpid()}-{target.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)


def to_text(now: State, found: Packets) -> str:
    """The sum of the second line, then the state and the scan as JSON."""
    facts = {name: value.tolist() if name in ARRAYS else value for name, value in vars(found).items()}
    body = json.dumps([now, facts])
    return f"{checksum(body)}\n{body}"


def from_text(text: str) -> tuple[State, Packets]:
    """What `to_text` made.

    Raises:
        ValueError, KeyError, TypeError: it is damaged, or of another form.
    """
    total, _, body = text.partition("\n")
    if total != checksum(body):
        raise ValueError("the sum is another")
    now, facts = json.loads(body)
    arrays = {name: np.array(facts[name], np.int64) for name in ARRAYS}
    return now, Packets(**{**facts, **arrays, "turn": tuple(facts["turn"])})


def checksum(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
