"""modality's options + weights -> a net that inherits them, and what it could not inherit."""

from collections.abc import Sequence
from typing import Any

from vggx.init import Undrawn
from vggx.net import PreparedNet
from vggx.options import Modality, given
from vggx.surgery.transfer import Transfer, check_fresh, load, transfer
from vggx.weights.source import Weights


def inherit(
    modality: Modality,
    classes: int,
    weights: Weights,
    *,
    rule: str = "center",
    keep_classes: bool,
    allow_fresh: Sequence[str] = (),
    only: Sequence[str] | None = None,
    share: bool = False,
) -> tuple[PreparedNet, Transfer]:
    """The net of these options with the weights' layers; those that inherit nothing are drawn.

    Args:
        rule, keep_classes, only: as in `transfer`.
        allow_fresh: as in `check_fresh`.
        share: as in `load`.

    Raises:
        ValueError: as `transfer` and `check_fresh`.
    """
    with Undrawn():
        net: PreparedNet = modality.build(classes)
    found = transfer(weights, net.vgg, rule=rule, keep_classes=keep_classes, only=only)
    check_fresh(found, allow_fresh, keep_classes=keep_classes)
    load(net.vgg, found, given(modality.net.init, "init"), share=share)
    return net, found


def provenance(weights: Weights, found: Transfer) -> dict[str, Any]:
    """What a net's card says of the weights that it began with."""
    return {
        "source": weights.name,
        "sha256": weights.sha256,
        "layout": weights.layout,
        "convention": weights.convention,
        "preprocessing": weights.preprocessing(),
        "fresh": found.fresh(),
    }
