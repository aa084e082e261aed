"""library:net -> a net of another library, to be counted beside ours."""

from collections.abc import Callable

from vggx.cost.peers import of_pytorchvideo, of_timm, of_torchvision
from vggx.cost.peers.peer import Peer, counted

LIBRARIES: dict[str, Callable[[str], Peer]] = {
    "torchvision": of_torchvision.peer,
    "pytorchvideo": of_pytorchvideo.peer,
    "timm": of_timm.peer,
}


def find(name: str) -> Peer:
    """The peer of a name such as torchvision:r3d_18.

    Raises:
        ValueError: no such library or net, with the nearest that there is.
        ModuleNotFoundError: the library is not installed.
    """
    library, colon, net = name.partition(":")
    if not colon or library not in LIBRARIES:
        known = ", ".join(LIBRARIES)
        raise ValueError(f"a peer is written library:net, such as torchvision:r3d_18, not {name!r}; libraries: {known}")
    try:
        return LIBRARIES[library](net)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise  # a module that the library needs
        raise ModuleNotFoundError(f"{name}: {library} is not installed (pip install {library}): {error}") from error


__all__ = ["LIBRARIES", "Peer", "counted", "find"]
