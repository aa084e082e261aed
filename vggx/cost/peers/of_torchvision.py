"""torchvision's classifiers of images and clips; `_ops` of its weights' meta data are GMACs, which it calls GFLOPS."""

from functools import partial
from typing import Any

from vggx.cost.peers import names
from vggx.cost.peers.peer import Peer

FRAMES, FPS, CLIPS = 16, 15.0, 5  # of its references/video_classification
# what the published weights are loaded into: no auxiliary heads, no drawing of weights that takes long
OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"init_weights": False},
}
SWIN3D = "its recipe trains on 32 frames; the figure is of 16"


def peer(net: str) -> Peer:
    """
    Raises:
        ValueError: no classifier of images or clips.
    """
    from torchvision import models
    from torchvision.models import video

    images, clips = models.list_models(module=models), models.list_models(module=video)
    names.check("torchvision", net, [*images, *clips])
    weights = models.get_model_weights(net).DEFAULT
    (side,) = set(weights.transforms().crop_size)
    options = OPTIONS.get(net, {}) | ({"image_size": side} if net.startswith("vit_") else {})
    build = partial(models.get_model, net, weights=None, **options)
    shared: dict[str, Any] = {"name": f"torchvision:{net}", "build": build, "published_gmacs": weights.meta["_ops"]}
    if net in images:
        return Peer(modality="image", input_shape=(3, side, side), **shared)
    note = SWIN3D if net.startswith("swin3d") else ""
    return Peer(modality="video", input_shape=(3, FRAMES, side, side), fps=FPS, views=CLIPS, note=note, **shared)
