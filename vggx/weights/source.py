"""what a user calls a source -> `Weights`: layers by the paper's names, and all that is known of their net."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vggx.options import IMAGENET
from vggx.plans import PLANS, get_plan
from vggx.spec.net import NetSpec
from vggx.weights import zoo
from vggx.weights.files import read_state, sha256
from vggx.weights.layouts import Named, named
from vggx.weights.recognise import recognise
from vggx.weights.store import WEIGHTS, card_spec, check_card, parsed

CONVENTIONS = ("imagenet", "caffe")
# what Caffe's nets take from BGR values 0..255, here as RGB of 0..1
CAFFE_MEAN = [123.68 / 255, 116.779 / 255, 103.939 / 255]


@dataclass(frozen=True)
class Weights:
    """Layers of a VGG and what is known of it.

    Attributes:
        name, sha256: what the user called it, and of which file.
        layout: whose names the source has: torchvision, timm, caffe or vggx.
        state: by the paper's names, {"conv1_1.weight": (O, I, *K), "conv1_1.norm.bias": (O,), ...}; fc6 to fc8 are
            kernels too.
        keys: {the paper's name: the source's}
        left: {the source's name: why it is not in `state`}
        plan, width, norm, activation: of the net, as `vggx.net.VGG` takes them.
        head: "fc", "pooled", or None if no layer of one is there.
        grid: of fc6, where it is there.
        classes: their names, where they are known.
        mean, std: of the input, scaled to 0..1, that the first layer wants; None if it is not of pixels.
        convention: in words, what the first layer was taken to be trained on; None of a net of vggx.
        card, spec: of a net that vggx saved.
    """

    name: str
    sha256: str
    layout: str
    state: dict[str, Tensor]
    keys: dict[str, str]
    left: dict[str, str]
    plan: str
    width: float
    norm: str
    activation: str = "relu"
    head: str | None = None
    grid: tuple[int, ...] | None = None
    classes: list[str] | None = None
    mean: list[float] | None = None
    std: list[float] | None = None
    convention: str | None = None
    card: dict[str, Any] | None = field(default=None, repr=False)
    spec: NetSpec | None = field(default=None, repr=False)

    @property
    def dims(self) -> int:
        return next(value.ndim for name, value in self.state.items() if name.startswith("conv") and value.ndim > 2) - 2

    @property
    def kernel(self) -> tuple[int, ...]:
        """The size of the kernels wider than 1, one per axis; plan C has others besides."""
        sizes = (value.shape[2:] for name, value in self.state.items() if name.startswith("conv") and value.ndim > 2)
        return tuple(map(max, zip(*sizes, strict=True)))

    @property
    def in_channels(self) -> int | None:
        """C, where the first layer is there."""
        return self.state["conv1_1.weight"].shape[1] if "conv1_1.weight" in self.state else None

    @property
    def last(self) -> Tensor | None:
        """The kernel of the layer that stands for the classes, where it is there."""
        if self.spec is not None:
            return self.state.get(f"{self.spec.last.name}.weight")
        return self.state.get("fc8.weight", self.state.get("fc.weight"))

    def untrained(self) -> list[str]:
        """Layers that `vggx inflate` drew at random, and that nobody has trained since."""
        origin = (self.card or {}).get("weights", {})
        return list(origin["fresh"]) if "init" in origin else []

    def preprocessing(self) -> dict[str, Any]:
        """What the source's net is fed, in plain values."""
        of_card = {} if self.card is None else self.card["data"]
        return {"mean": self.mean, "std": self.std, **of_card}


def read_weights(source: str, *, plan: str | None = None, convention: str | None = None) -> Weights:
    """The weights of a file, a run folder, or torchvision:NAME or timm:NAME.

    Args:
        plan: what the source is of, where its shapes leave that open.
        convention: imagenet (RGB scaled to 0..1, ImageNet's mean and standard deviation) or caffe (BGR 0..255, the
            mean subtracted): what the first layer was trained on. Where None, what the library publishes, caffe for
            Caffe's and Keras's names, else imagenet.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a source that cannot be had or read, whose plan is not clear, or an unknown convention.
    """
    if convention not in (None, *CONVENTIONS):
        raise ValueError(f"convention must be one of {', '.join(CONVENTIONS)}, not {convention!r}")
    published = zoo.fetch(source) if source.partition(":")[0] in zoo.LIBRARIES else None
    path = published.path if published else Path(source)
    path = path / WEIGHTS if path.is_dir() else path
    state, metadata = read_state(path)
    digest = sha256(path)
    if "card" in metadata:
        if convention is not None:
            raise ValueError(f"convention={convention}: {path} is a net of vggx, which knows its own input")
        return of_card(source, digest, state, check_card(parsed(metadata["card"], path), path), path)
    own = None if published is None else (published.mean, published.std)
    try:
        return of_state(state, plan=plan, convention=convention, own=own, name=source, sha256=digest)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def of_state(
    state: Mapping[str, Tensor],
    *,
    plan: str | None = None,
    convention: str | None = None,
    own: tuple[list[float], list[float]] | None = None,
    name: str = "state dict",
    sha256: str = "",
) -> Weights:
    """The weights of a published state dict; see `read_weights`.

    Args:
        own: mean and standard deviation that its library publishes with it.

    Raises:
        ValueError: as `recognise`, or an fc6 that reads no square map.
    """
    layout, found = recognise(state, plan)
    layers, left = sound(found.layers)
    if not any(name.startswith("conv") for name in layers):
        raise ValueError("all of its convolutions hold NaN or infinity")
    left |= dict.fromkeys(set(state) - {key for key, _ in found.layers.values()}, "not a VGG's layer")
    width = get_plan(found.plan, found.width).blocks[-1].width
    tensors = {layer: as_kernel(layer, value, width) for layer, (_, value) in layers.items()}
    taken = convention or ("caffe" if layout == "caffe" else "imagenet")
    how = "published" if own else "said" if convention else "by its names" if layout == "caffe" else "assumed"
    mean: list[float] | None
    std: list[float] | None
    mean, std = own or IMAGENET
    if taken == "caffe":
        tensors |= from_caffe(tensors)
        mean, std = CAFFE_MEAN, IMAGENET[1]
    if layout == "vggx":
        sound_or_part = tensors.get("conv1_1.weight", torch.empty(0)).ndim < 4
        mean, std = (None, None) if sound_or_part else normalised(state)
    if mean is not None and "conv1_1.weight" in tensors and tensors["conv1_1.weight"].shape[1] != len(mean):
        mean = std = None  # ImageNet's are of three channels
    last = tensors.get("fc8.weight", tensors.get("fc.weight"))
    return Weights(
        name=name,
        sha256=sha256,
        layout=layout,
        state=tensors,
        keys={layer: key for layer, (key, _) in layers.items()},
        left=left,
        plan=found.plan,
        width=found.width,
        norm=found.norm,
        head="fc" if "fc6.weight" in tensors else "pooled" if "fc.weight" in tensors else None,
        grid=tuple(tensors["fc6.weight"].shape[2:]) if "fc6.weight" in tensors else None,
        classes=imagenet_classes() if last is not None and len(last) == 1000 else None,
        mean=mean,
        std=std,
        convention=None if layout == "vggx" else f"{taken}, {how}",
    )


def of_card(source: str, digest: str, state: dict[str, Tensor], card: dict[str, Any], path: Path) -> Weights:
    """A net that vggx saved: its card says what it is."""
    spec = card_spec(card, path)
    layers, left = sound(named(state, "vggx", PLANS["A"], "none") or {})
    net = card["net"]
    mean, std = normalised(state) if card["input"]["axes"][0] == "channels" else (None, None)
    return Weights(
        name=source,
        sha256=digest,
        layout="vggx",
        state={name: value for name, (_, value) in layers.items()},
        keys={name: key for name, (key, _) in layers.items()},
        left=left,
        plan=card["plan"],
        width=net["width"],
        norm=net["norm"],
        activation=net["activation"],
        head=net["head"],
        grid=spec.head.grid if any(layer.kind == "grid" for layer in spec.layers()) else None,
        classes=card.get("classes"),
        mean=mean,
        std=std,
        card=card,
        spec=spec,
    )


def normalised(state: Mapping[str, Tensor]) -> tuple[list[float] | None, list[float] | None]:
    """mean and std of the pixels that a prepared net of ours takes, where they are among its tensors."""
    found = {key.rpartition(".")[2]: value.tolist() for key, value in state.items() if "normalise." in key}
    return found.get("mean"), found.get("std")


def sound(layers: Named) -> tuple[Named, dict[str, str]]:
    """Floats of 32 bits; and apart, as {the source's name: why}, the layers that hold something else than numbers.

    torchvision's VGG16_Weights.IMAGENET1K_FEATURES is such a file: its classifier is NaN.
    """
    floats = {n: (key, value.float() if value.is_floating_point() else value) for n, (key, value) in layers.items()}
    broken = {name.partition(".")[0] for name, (_, value) in floats.items() if not torch.isfinite(value.sum())}
    left = {key: "holds NaN or infinity" for name, (key, _) in floats.items() if name.partition(".")[0] in broken}
    return {name: pair for name, pair in floats.items() if name.partition(".")[0] not in broken}, left


def as_kernel(name: str, value: Tensor, width: int) -> Tensor:
    """The matrices of fc6, fc7 and fc8 as the kernels that they stand for; fc6 reads a square map of `width` channels.

    Raises:
        ValueError: fc6 reads no such map.
    """
    if value.ndim != 2 or name not in ("fc6.weight", "fc7.weight", "fc8.weight"):
        return value
    if name != "fc6.weight":
        return value[:, :, None, None]
    side = round((value.shape[1] / width) ** 0.5)
    if side * side * width != value.shape[1]:
        raise ValueError(f"fc6 reads {value.shape[1]} values, which is no square map of {width} channels")
    return value.unflatten(1, (width, side, side))


def from_caffe(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The first kernel, made for BGR values 0..255, for RGB that is scaled to 0..1 and divided by ImageNet's deviation.

    The mean stays the one it was trained with, so that both nets see zeros beyond the border: nothing is lost.

    Raises:
        ValueError: a first kernel that does not read three channels.
    """
    if "conv1_1.weight" not in state:
        return {}
    if (channels := state["conv1_1.weight"].shape[1]) != 3:
        raise ValueError(f"its first layer reads {channels} channels, which are no BGR: give convention=imagenet")
    scale = 255 * torch.tensor(IMAGENET[1])
    return {"conv1_1.weight": state["conv1_1.weight"].flip(1) * scale[:, None, None]}


def imagenet_classes() -> list[str]:
    """ImageNet's thousand, in the order that torchvision, timm, Caffe and Keras share."""
    from torchvision.models import VGG16_Weights

    return list(VGG16_Weights.IMAGENET1K_V1.meta["categories"])
