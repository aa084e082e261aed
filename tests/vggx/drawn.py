"""Small nets whose weights are drawn, saved as those of a run are."""

from pathlib import Path
from typing import Any

import torch

from vggx.options import Modality
from vggx.settings import modality_of
from vggx.weights import store

SOUND = {"sample_rate": 8000, "seconds": 1.0, "clips": 1, "channels": "mix"}
FILM = {"frames": 8, "frame_stride": 2, "size": 32, "resize": 36}


def net_of(folder: Path, name: str, net: dict[str, Any], data: dict[str, Any], classes: list[str]) -> Path:
    """A net as its init draws it, saved as of a run."""
    card = {"modality": name, "net": {"plan": "micro", "norm": "batch", "mean": None, **net}, "data": data}
    torch.manual_seed(0)
    modality: Modality = modality_of({**card, "classes": classes}, folder)
    built = modality.build(len(classes)).eval()
    store.save_net(folder, built, store.make_card(modality, built, classes))
    return folder


def net_of_sound(folder: Path, clips: int = 1) -> Path:
    net = {"head": "pooled", "n_fft": 256, "hop": 80, "mels": 40, "mean": [-9.0], "std": [3.0]}
    return net_of(folder, "audio", net, SOUND | {"clips": clips}, ["low", "high", "none"])


def net_of_film(folder: Path) -> Path:
    net = {"head": "fc", "mean": [0.5] * 3, "std": [0.3] * 3}
    return net_of(folder, "video", net, FILM, ["still", "moves"])
