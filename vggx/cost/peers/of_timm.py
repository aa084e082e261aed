"""timm's classifiers of images; what it publishes of them is not in its package."""

from functools import partial

from vggx.cost.peers import names
from vggx.cost.peers.peer import Peer


def peer(net: str) -> Peer:
    """
    Raises:
        ValueError: no net of timm.
        ModuleNotFoundError: timm is not installed.
    """
    import timm

    model, _, tag = net.partition(".")
    names.check("timm", model, timm.list_models())
    if tag:
        names.check("timm", net, timm.list_models(f"{model}.*", pretrained=True))
    known = timm.get_pretrained_cfg(net)
    size = (3, 224, 224) if known is None else known.input_size
    build = partial(timm.create_model, net, pretrained=False)
    return Peer(name=f"timm:{net}", modality="image", build=build, input_shape=tuple(size))
