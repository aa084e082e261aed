"""weights -> a composed config's options of the modality, where the user has not set them."""

from collections.abc import Collection
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from vggx import configs
from vggx.options import IMAGENET, NetOptions, given
from vggx.plans import get_plan
from vggx.weights.source import Weights

NORMALISATION = ("normalize", "mean", "std")


def adopt(config: DictConfig, weights: Weights, given: Collection[str] = ()) -> None:
    """Set plan, norm, grid, padding and preprocessing to what the weights say of them, in place.

    Left alone is what the user set: the keys in `given`, such as modality.net.plan, and all that is not as packaged.

    Args:
        config: composed, before `settings.resolve`.
    """
    modality = config.modality
    packaged = configs.load(f"modality/{modality.name}")

    def is_set(section: str, key: str) -> bool:
        return f"modality.{section}.{key}" in given or modality[section][key] != packaged[section][key]

    normalised = any(is_set("net", key) for key in NORMALISATION)
    plan = modality.net.plan if is_set("net", "plan") else None
    for section, values in said(weights, modality, plan).items():
        for key, value in values.items():
            if not is_set(section, key) and not (normalised and key in NORMALISATION):
                modality[section][key] = value


def said(weights: Weights, modality: DictConfig, plan: str | None) -> dict[str, dict[str, Any]]:
    """{net: options, data: options} of a modality, as the weights have them.

    Args:
        plan: the user's, which may be the first blocks of the weights' plan only; those have no use for its head.
    """
    net_type, data_type = (cast(Any, OmegaConf.get_type(part)) for part in (modality.net, modality.data))
    if weights.card is not None and weights.card["modality"] == modality.name:
        net, data = dict(weights.card["net"]), dict(weights.card["data"])
    else:
        data = data_type.fed(weights.in_channels) if weights.dims > 1 else {}  # one channel of sound is no grey
        net = of_another(weights, net_type, grey=bool(data))
    cut = plan is not None and len(get_plan(plan).blocks) < len(get_plan(weights.plan).blocks)
    without = (*NetOptions.FREE, "head", "grid") if cut else NetOptions.FREE
    return {"net": {key: value for key, value in net.items() if key not in without}, "data": data}


def of_another(weights: Weights, options: type[NetOptions], *, grey: bool) -> dict[str, Any]:
    """What is true of the net in any modality.

    Args:
        grey: whether samples can have one channel; where they cannot, a grey net's mean is that of all three.
    """
    net: dict[str, Any] = {name: getattr(weights, name) for name in ("plan", "width", "norm", "activation")}
    if weights.head:
        net["head"] = weights.head
    # fc6 sees one step of a new time axis; and one step of a spectrogram, whatever it saw of an image
    if weights.grid and options.PIXELS:
        net["grid"] = [1, *weights.grid] if weights.dims < options.DIMS else list(weights.grid[-options.DIMS :])
    if weights.mean is not None and options.PIXELS:
        mean, std = weights.mean, given(weights.std, "std")
        if len(mean) == 1 and not grey:
            mean, std = mean * 3, std * 3
        net |= {"normalize": "imagenet"} if (mean, std) == IMAGENET else {"mean": mean, "std": std}
    return net
