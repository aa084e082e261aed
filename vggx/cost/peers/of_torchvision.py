"""torchvision's classifiers of images and clips; `_ops` of its weights' meta data are GMACs, which it calls GFLOPS."""

from functools import partial
from typing import Any, NamedTuple

from vggx.cost.peers import names
from vggx.cost.peers.peer import Peer


class Protocol(NamedTuple):
    """What an accuracy is taken of: a clip's frames, their rate, and clips of a film."""

    frames: int = 16
    fps: float = 15.0
    clips: int = 5


COUNTED_FRAMES = 16  # of the clip that `_ops` is of
# as the documentation of the default weights says
PROTOCOLS = {
    "mc3_18": Protocol(),
    "mvit_v1_b": Protocol(fps=7.5),
    "mvit_v2_s": Protocol(fps=7.5),
    "r2plus1d_18": Protocol(),
    "r3d_18": Protocol(),
    "s3d": Protocol(frames=128, clips=1),
    "swin3d_b": Protocol(frames=32, clips=12),
    "swin3d_s": Protocol(frames=32, clips=12),
    "swin3d_t": Protocol(frames=32, clips=12),
}
# what the published weights are loaded into: no auxiliary heads, no drawing of weights that takes long
OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"init_weights": False},
}


def peer(net: str) -> Peer:
    """
    Raises:
        ValueError: no classifier of images or clips.
    """
    from torchvision import models

    images = models.list_models(module=models)
    names.check("torchvision", net, [*images, *PROTOCOLS])
    weights = models.get_model_weights(net).DEFAULT
    (side,) = set(weights.transforms().crop_size)
    options = OPTIONS.get(net, {}) | ({"image_size": side} if net.startswith("vit_") else {})
    build = partial(models.get_model, net, weights=None, **options)
    shared: dict[str, Any] = {"name": f"torchvision:{net}", "build": build, "published_gmacs": weights.meta["_ops"]}
    if net in images:
        return Peer(modality="image", input_shape=(3, side, side), **shared)
    frames, fps, clips = PROTOCOLS[net]
    other = f"the published figure is of {COUNTED_FRAMES} frames, the accuracy of {frames}"
    note = "" if frames == COUNTED_FRAMES else other
    return Peer(modality="video", input_shape=(3, frames, side, side), fps=fps, views=clips, note=note, **shared)
