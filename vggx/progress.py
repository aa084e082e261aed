"""A bar for long work, on the error stream, so that what a command prints can be piped; none where nobody looks."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


def progress(items: Iterable[T], description: str) -> Iterator[T]:
    shown = sys.stderr.isatty()
    yield from track(items, description, console=Console(stderr=True), transient=True, disable=not shown)


@contextmanager
def waiting(description: str) -> Iterator[None]:
    """A sign of life for work whose length nobody knows."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(description):
        yield
