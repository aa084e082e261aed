"""a name that is none -> an error that tells the nearest."""

from collections.abc import Sequence
from difflib import get_close_matches


def check(library: str, net: str, known: Sequence[str]) -> None:
    """
    Raises:
        ValueError: the library has no such net.
    """
    if net not in known:
        near = get_close_matches(net, known, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise ValueError(f"{library} has no classifier {net!r} among its {len(known)} nets{hint}")
