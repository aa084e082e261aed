"""A net as two files: net.safetensors (its weights) and net.json (its card: all that is needed to use them)."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import vggx
from vggx import files
from vggx.net import PreparedNet
from vggx.options import Modality
from vggx.settings import modality_of, plain_options

WEIGHTS, CARD = "net.safetensors", "net.json"
FORMAT = 1


def make_card(modality: Modality, net: PreparedNet, classes: list[str]) -> dict[str, Any]:
    """What net.json holds: plain values, from which the same net is built and fed the same way again."""
    return {
        "format": FORMAT,
        "vggx": vggx.__version__,
        "modality": modality.name,
        "plan": net.vgg.plan.name,
        "dims": net.vgg.dims,
        "grid": list(net.vgg.grid),
        "classes": list(classes),
        "input": modality.data.contract(),
        "net": plain_options(modality.net),
        "data": modality.data.preprocessing(),
    }


def state_of(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}


def save_net(folder: Path, net: nn.Module, card: dict[str, Any]) -> None:
    with files.atomic(folder / WEIGHTS) as temporary:
        save_file(state_of(net), temporary, metadata={"card": json.dumps(card)})
    files.write_json(folder / CARD, card)


def read_card(folder: Path) -> dict[str, Any]:
    """
    Raises:
        FileNotFoundError: no card there.
        ValueError: not a card that this version reads.
    """
    path = folder / CARD
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {CARD}: no net was saved there (did the run end its first epoch?)")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ValueError(f"{path} is not a net's card of format {FORMAT}")
    if not isinstance(card.get("classes"), list) or not all(isinstance(name, str) for name in card["classes"]):
        raise ValueError(f"{path} has no list of class names under `classes`")
    return card


def load_net(folder: str | Path) -> tuple[PreparedNet, Modality, dict[str, Any]]:
    """The net of a run folder in evaluation mode, its modality's options, and its card.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a card or weights that cannot be read, or that do not fit each other.
    """
    folder = Path(folder)
    card = read_card(folder)
    modality = modality_of(card, folder / CARD)
    net: PreparedNet = modality.build(len(card["classes"]))
    load_weights(net, folder / WEIGHTS)
    return net.eval(), modality, card


def load_weights(net: nn.Module, path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit the net that its card describes: {error}") from error
