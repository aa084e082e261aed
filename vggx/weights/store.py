"""A net as net.safetensors (its weights) and net.json (its card: all that is needed to use them).

The card stands in the safetensors file's metadata too, so that the file alone is a net.
"""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

import vggx
from vggx import files
from vggx.init import Undrawn
from vggx.net import PreparedNet
from vggx.options import Modality
from vggx.settings import modality_of, plain_options
from vggx.spec.net import NetSpec
from vggx.spec.plain import spec_of, to_plain
from vggx.weights.files import read_state

WEIGHTS, CARD = "net.safetensors", "net.json"
FORMAT = 2  # 1 had no spec: its nets are built of their options


def make_card(
    modality: Modality, net: PreparedNet, classes: list[str], task: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What net.json holds: plain values, from which the same net is built and fed the same way again.

    Args:
        task: its name and what it keeps; with `names` where the outputs are no classes. Classification where None.
    """
    task = task or {"name": "classify"}
    return {
        "format": FORMAT,
        "vggx": vggx.__version__,
        "modality": modality.name,
        "plan": net.vgg.spec.plan,
        "dims": net.vgg.dims,
        "grid": list(net.vgg.grid),
        "spec": to_plain(net.vgg.spec),
        **({} if "names" in task else {"classes": list(classes)}),
        "task": task,
        "input": modality.data.contract(),
        "net": plain_options(modality.net),
        "data": modality.data.preprocessing(),
    }


def state_of(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}


def save_net(folder: Path, net: nn.Module, card: dict[str, Any]) -> None:
    save_file_of_net(folder / WEIGHTS, net, card)
    files.write_json(folder / CARD, card)


def save_file_of_net(path: Path, net: nn.Module, card: dict[str, Any], more: dict[str, str] | None = None) -> None:
    """A net as one file; `more` is what else its metadata tell to those who do not read cards."""
    with files.atomic(path) as temporary:
        save_file(state_of(net), temporary, metadata={"card": json.dumps(card), **(more or {})})


def read_card(path: Path) -> dict[str, Any]:
    """The card of a run folder, or of a safetensors file.

    Raises:
        FileNotFoundError: no card there.
        ValueError: not a card that this version reads.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if path.is_file():
        return card_of_file(path)
    folder, path = path, path / CARD
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {CARD}: no net was saved there (did the run end its first epoch?)")
    return check_card(parsed(path.read_text(encoding="utf-8"), path), path)


def card_of_file(path: Path) -> dict[str, Any]:
    if path.suffix != ".safetensors":
        raise ValueError(f"{path} is no net of vggx, which ends in .safetensors. vggx inflate makes one of it")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error
    if "card" not in metadata:
        raise ValueError(f"{path} is no net of vggx: its metadata have no card. vggx inflate makes one of it")
    return check_card(parsed(metadata["card"], path), path)


def parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error


def check_card(card: Any, path: Path) -> dict[str, Any]:
    """
    Raises:
        ValueError: not a card that this version reads.
    """
    if not isinstance(card, dict) or card.get("format") not in range(1, FORMAT + 1):
        raise ValueError(f"{path} is not a net's card of format 1 to {FORMAT}")
    task = card.get("task", {})
    names = card.get("classes", task.get("names") if isinstance(task, dict) else None)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path} has no list of class names under `classes`")
    for key, kind in {"modality": str, "plan": str, "net": dict, "data": dict, "input": dict}.items():
        if not isinstance(card.get(key), kind):
            raise ValueError(f"{path} is no whole card of a net: it has no `{key}`")
    return card


def card_spec(card: dict[str, Any], path: Path) -> NetSpec:
    """The description of a saved net.

    Raises:
        ValueError: words that no net has; or in a card of format 1, which has none, as its modality's options.
    """
    if "spec" in card:
        try:
            return spec_of(card["spec"])
        except ValueError as error:
            raise ValueError(f"{path} describes no net: {error}") from error
    made: NetSpec = modality_of(card, path).spec(outputs_of(card))
    return made


def outputs_of(card: dict[str, Any]) -> int:
    """How many outputs a net has: its classes, or the numbers that it tells."""
    return len(card["classes"] if "classes" in card else card["task"]["names"])


def load_net(path: str | Path) -> tuple[PreparedNet, Modality, dict[str, Any]]:
    """The net of a run folder or of a file in evaluation mode, its modality's options, and its card.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a card or weights that cannot be read, or that do not fit each other.
    """
    path = Path(path)
    card = read_card(path)
    modality = modality_of(card, path if path.is_file() else path / CARD)
    spec = card_spec(card, path)
    with Undrawn():
        net: PreparedNet = modality.build(spec.head.outputs, spec)
    load_weights(net, path if path.is_file() else path / WEIGHTS)
    return net.eval(), modality, card


def load_weights(net: nn.Module, path: Path) -> None:
    state, _ = read_state(path)
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit the net that its card describes: {error}") from error
