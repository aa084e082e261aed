"""pytorchvideo's nets with the figures of its model zoo, which calls GMACs "Flops (G)".

The zoo counts one view of the size at which it tests; for most nets it adds five for every value that a batch norm
(of MViT a layer norm) gives, as fvcore once did.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from vggx.cost.peers import names
from vggx.cost.peers.peer import Peer

VIEWS = 30  # ten clips by three crops
NORMS = "the published figure adds 5 for every value that a batch norm gives"
LAYER_NORMS = NORMS.replace("batch", "layer")


class Entry(NamedTuple):
    """A row of the zoo: a clip's frames, their stride and side, GMACs, the note, and views."""

    frames: int
    stride: int
    side: int
    gmacs: float
    note: str = NORMS
    views: int = VIEWS


# docs/source/model_zoo.md of pytorchvideo, Kinetics-400
ZOO = {
    "c2d_r50": Entry(8, 8, 256, 25.89),
    "i3d_r50": Entry(8, 8, 256, 37.53),
    "slow_r50": Entry(8, 8, 256, 54.52, ""),
    "slowfast_r50": Entry(32, 2, 256, 65.71, ""),
    "slowfast_r101": Entry(32, 2, 256, 127.20),
    "slowfast_16x8_r101_50_50": Entry(64, 2, 256, 215.61),
    "csn_r101": Entry(32, 2, 256, 75.62),
    "r2plus1d_r50": Entry(16, 4, 256, 76.45),
    "x3d_xs": Entry(4, 12, 182, 0.91),
    "x3d_s": Entry(13, 6, 182, 2.96),
    "x3d_m": Entry(16, 5, 256, 6.72),
    "x3d_l": Entry(16, 5, 356, 26.64),
    "mvit_base_16x4": Entry(16, 4, 224, 70.80, LAYER_NORMS, views=5),
    "mvit_base_32x3": Entry(32, 3, 224, 170.37, LAYER_NORMS, views=5),
}


def peer(net: str) -> Peer:
    """
    Raises:
        ValueError: no net of the zoo.
    """
    names.check("pytorchvideo", net, list(ZOO))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is imported through parts of torch that are to go
        from pytorchvideo.models import hub

    entry = ZOO[net]
    build: Callable[[], nn.Module] = partial(getattr(hub, net), pretrained=False)
    return Peer(
        name=f"pytorchvideo:{net}",
        modality="video",
        build=build,
        input_shape=(3, entry.frames, entry.side, entry.side),
        frame_stride=entry.stride,
        views=entry.views,
        pathways=slow_and_fast if net.startswith("slowfast") else Peer.pathways,
        published_gmacs=entry.gmacs,
        note=entry.note,
    )


def slow_and_fast(clip: Tensor) -> list[Tensor]:
    """(N, C, T, H, W) -> every fourth frame, and all of them."""
    return [clip[:, :, ::4], clip]
