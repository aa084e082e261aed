"""Files that are either whole or not there: written beside their target, flushed, then renamed onto it."""

import csv
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WRITING = ".writing-"  # how the temporary files begin, by which those of a killed run are found


@contextmanager
def atomic(target: str | os.PathLike[str], *, flushed: bool = True) -> Iterator[Path]:
    """A temporary path in the target's folder; on leaving without an error it is flushed and becomes the target.

    What can be made anew, and tells by itself when it is damaged, need not be flushed, which takes milliseconds.

    The temporary file lies beside the target because a rename across file systems is a copy, which a crash or a
    full disk can cut in half. The suffix stays, so that writers which choose their format by it work.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{WRITING}{target.stem}.", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if flushed:
            flush(temporary)
        # mkstemp makes a file that only its owner may read; the target gets what any new file would get
        temporary.chmod(0o666 & ~current_umask())
        temporary.replace(target)
        if flushed:
            flush(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | os.PathLike[str], text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """One line per row; the header is the union of the rows' keys, in order of first appearance."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
