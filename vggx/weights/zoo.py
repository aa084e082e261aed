"""torchvision:NAME or timm:NAME -> the file that the library publishes, in its own cache, and what its input is."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Published:
    """A file, and the mean and standard deviation of the RGB input, scaled to 0..1, that its net wants."""

    path: Path
    mean: list[float]
    std: list[float]


def fetch(source: str) -> Published:
    """The file of a weight by name, downloaded where it is not in the library's cache.

    Raises:
        ValueError: an unknown library or weight, or one that cannot be downloaded.
    """
    library, _, name = source.partition(":")
    try:
        return LIBRARIES[library](name)
    except (OSError, RuntimeError) as error:  # RuntimeError: torch's, of a file that is not the published one
        last = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(
            f"source={source} could not be downloaded ({last}): without a network, give the file itself, "
            "fetched elsewhere"
        ) from error


def of_torchvision(name: str) -> Published:
    import torch
    from torchvision.models import get_model_weights, get_weight

    try:
        weights: Any = get_weight(name) if "." in name else get_model_weights(name).DEFAULT
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(
            f"torchvision has no weights {name!r}; they are called like VGG16_BN_Weights.IMAGENET1K_V1, or vgg16_bn"
        ) from error
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        start = path.stem.rpartition("-")[2]  # torchvision's files carry the beginning of their SHA-256
        torch.hub.download_url_to_file(weights.url, str(path), hash_prefix=start)
    transforms = weights.transforms()
    return Published(path, list(transforms.mean), list(transforms.std))


def of_timm(name: str) -> Published:
    if importlib.util.find_spec("timm") is None:
        raise ValueError(f"source=timm:{name} needs timm: pip install timm")
    import timm
    from huggingface_hub import hf_hub_download

    try:
        config = timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    if config is None or not config.hf_hub_id:
        raise ValueError(f"timm has no weights {name!r}; of VGG it has {', '.join(timm.list_pretrained('vgg*'))}")
    path = hf_hub_download(config.hf_hub_id, config.hf_hub_filename or "model.safetensors")
    return Published(Path(path), list(config.mean), list(config.std))


LIBRARIES: dict[str, Callable[[str], Published]] = {"torchvision": of_torchvision, "timm": of_timm}
