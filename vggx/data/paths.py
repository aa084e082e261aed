"""folder -> the files in it, by name; and the refusal of names and places that a data set may not have."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path


def subfolders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))


def media_files(place: Path, extensions: Sequence[str], *, follow_links: bool = False) -> list[Path]:
    """The files below a folder with one of these endings, in order of name.

    Raises:
        ValueError: as `walk`.
    """
    tree = walk(place, follow_links=follow_links)
    return sorted(folder / name for folder, names in tree for name in names if has_ending(name, extensions))


def has_ending(name: str, extensions: Sequence[str]) -> bool:
    return os.path.splitext(name)[1].lower() in extensions


def walk(place: Path, *, follow_links: bool = False) -> Iterator[tuple[Path, list[str]]]:
    """(folder, names of its files) of a folder and all below it, in order of name; what is hidden is passed over.

    Raises:
        ValueError: a linked folder that may not be followed, or leads back to where it stands.
    """
    seen: set[str] = set()
    for folder, folders, files in os.walk(place, followlinks=follow_links):
        real = os.path.realpath(folder)
        if real in seen:
            raise ValueError(f"{folder} is a link to a folder that is read already, {real}")
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if not follow_links and os.path.islink(os.path.join(folder, name)):
                raise ValueError(f"{os.path.join(folder, name)} is a symbolic link; {ALLOW}")
        yield Path(folder), sorted(name for name in files if not name.startswith("."))


@lru_cache(maxsize=4096)
def real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def real_path(path: str) -> str:
    """`os.path.realpath` of many files, quickly: what lies before the name is looked up once for a whole folder."""
    folder, name = os.path.split(path)
    place = os.path.join(real_folder(folder), name)
    return os.path.realpath(place) if name in ("", ".", "..") or os.path.islink(place) else place


ALLOW = "modality.data.follow_links=true takes links, and files outside the root, too"


def check_name(path: str) -> None:
    """Refuse a name that is not text: it could be written into no report, and not every decoder opens it.

    Raises:
        ValueError: naming the bytes of the name.
    """
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{os.fsencode(path)!r} is not a name in UTF-8: rename the file") from error


def check_inside(paths: Iterable[str], root: Path) -> None:
    """Refuse files that lie outside of the root, by `..`, by an absolute path or behind a link.

    Raises:
        ValueError: naming the first and the option that allows it.
    """
    top = os.path.join(os.path.realpath(root), "")
    for path in paths:
        real = real_path(path)
        if not real.startswith(top):
            raise ValueError(f"{path} lies outside of {root}, at {real}; {ALLOW}")
