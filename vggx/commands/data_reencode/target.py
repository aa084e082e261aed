"""where files that are encoded anew go: their names, and a target folder that may be written to."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from vggx import files
from vggx.data.paths import has_ending
from vggx.data.sources import MANIFEST
from vggx.options import DataOptions

REPORT, ENDING = "reencode.json", ".mp4"


def top_folder(paths: Sequence[str], options: DataOptions) -> str:
    """The root or, where some files lie outside of it or there is none, the folder that all files have in common."""
    if options.root is not None:
        root = os.path.abspath(options.root)
        if all(os.path.abspath(path).startswith(os.path.join(root, "")) for path in paths):
            return root
    return os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])


def check_place(target: Path, *folders: str | None) -> None:
    """
    Raises:
        ValueError: the target is a file, or one of the folders, or lies in one of them or around it.
    """
    if target.exists() and not target.is_dir():
        raise ValueError(f"target={target} is a file: give a folder")
    place = target.resolve()
    for folder in filter(None, folders):
        data = Path(folder).resolve()
        if place == data or place in data.parents or data in place.parents:
            raise ValueError(f"target={target} is not apart from the data in {folder}; give a folder beside it")


def new_names(paths: Sequence[str], top: str, extensions: Sequence[str]) -> dict[str, str]:
    """{path: name below the target}: that below the top folder, with the new ending in the place of a video's.

    Two that would be one, a.avi and a.mp4, keep their own ending before the new one.

    Raises:
        ValueError: two are one nevertheless.
    """
    old = {path: Path(os.path.relpath(path, top)).as_posix() for path in paths}
    short = {path: os.path.splitext(name)[0] if has_ending(name, extensions) else name for path, name in old.items()}
    uses = Counter(short.values())
    names = {path: (short if uses[short[path]] == 1 else old)[path] + ENDING for path in paths}
    first: dict[str, str] = {}
    for path, name in names.items():
        if first.setdefault(name, path) != path:
            raise ValueError(f"{first[name]} and {path} would both become {name}: rename one of them")
    return names


def begin(target: Path, options: dict[str, Any], names: Sequence[str], overwrite: bool) -> None:
    """Make the target ready: a new folder, or one in which an earlier run with the same options goes on.

    With `overwrite` what lies under the names is taken away, so that what lies there later was made by these options.

    Raises:
        FileExistsError: it holds other things.
    """
    before = options_of(target / REPORT)
    if overwrite:
        for name in (*names, MANIFEST, REPORT):
            (target / name).unlink(missing_ok=True)
        before = None
    elif before is None and target.is_dir() and any(target.iterdir()):
        raise FileExistsError(f"{target} holds other things; overwrite=true would write among them")
    elif before not in (None, options):
        made = ", ".join(f"{key}={value}" for key, value in before.items() if options.get(key) != value)
        raise FileExistsError(f"{target} holds what was made with {made}; overwrite=true would replace it")
    for folder in {(target / name).parent for name in (*names, REPORT)}:
        for leftover in folder.glob(f"{files.WRITING}*"):
            leftover.unlink()
    if before is None:
        files.write_json(target / REPORT, {"options": options})


def options_of(report: Path) -> dict[str, Any] | None:
    """The options that an earlier run wrote down; None where there was none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return dict(json.loads(report.read_text(encoding="utf-8"))["options"])
    return None
