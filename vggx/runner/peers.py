"""rows of our nets + names of peers -> rows of both under the same keys, the peers' counted by torch."""

from collections.abc import Sequence
from typing import Any

from vggx.cost import peers
from vggx.progress import progress

Row = dict[str, Any]


def beside(rows: Sequence[Row], names: Sequence[str], fps: float) -> list[Row]:
    """Our rows, then a row for each peer: what is known of it under the same keys, None where nothing is.

    Two columns more: the figure that its library publishes, which is GMACs whatever it is called there, and why that
    is another than the count.

    Raises:
        ValueError: a name that is no peer's.
        ModuleNotFoundError: a library that is not installed.
    """
    found = [peers.find(name) for name in names]  # all of them, before the first is counted
    more: Row = {"published_gmacs": None, "note": ""}
    blank = dict.fromkeys(rows[0]) | more
    return [row | more for row in rows] + [blank | peer_row(peer, fps) for peer in progress(found, "counting peers")]


def peer_row(peer: peers.Peer, fps: float) -> Row:
    count = peers.counted(peer)
    seconds, views = peer.duration(fps), peer.views
    return {
        "modality": peer.modality,
        "plan": peer.name,
        "dims": len(peer.input_shape) - 1,
        "input_shape": list(peer.input_shape),
        "input": peer.meaning(fps),
        "views": views,
        "seconds_of_input": seconds,
        "params": count.params,
        "macs": count.flops // 2,
        "flops": count.flops,
        "flops_train": count.flops_train,
        "activations": count.activations,
        "frontend_flops": 0,
        "flops_per_decision": count.flops * views,
        "flops_per_second": count.flops / seconds,
        "flops_per_parameter": count.flops / count.params,
        "published_gmacs": peer.published_gmacs,
        "note": peer.note,
    }
