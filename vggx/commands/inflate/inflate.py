"""weights -> a net of another number of dimensions as one file, with a report of every layer and the proof."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

import vggx
from vggx import files
from vggx.net import PreparedNet
from vggx.options import Modality
from vggx.runner.inherit import inherit, provenance
from vggx.surgery.axes import RULES
from vggx.surgery.proof import prove
from vggx.weights import store
from vggx.weights.source import Weights

# of a map's greatest value; rounding alone comes to a millionth, a layer that is wrong to a hundredth and more
TOLERANCE = 1e-4
ROWS = 224  # of the spectrogram that an image net is shown: the side it was trained at


def inflate(
    modality: Modality,
    weights: Weights,
    target: Path,
    *,
    init: str = "center",
    classes: Sequence[str] | int | None = None,
    allow_fresh: Sequence[str] = (),
    overwrite: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Make the net, prove it, write `target` and `<target>.report.json`; returns what the report holds.

    Args:
        modality: with all options set.
        init: a rule of `vggx.surgery.axes`, for kernels that get an axis more.
        classes: names, or their number; the source's where None.
        allow_fresh: layers, blocks, "head" or "norm" that may inherit nothing.
        overwrite: replace an existing target.
        seed: of the layers that inherit nothing.

    Raises:
        FileExistsError: the target is there already.
        ValueError: a target of another format, a rule or classes that cannot be, or as `inherit`.
        RuntimeError: the outputs differ where the rules promise that they do not; nothing is written.
    """
    started = time.perf_counter()
    check_target(target, weights.name, overwrite)
    if init not in RULES:
        raise ValueError(f"init must be one of {', '.join(RULES)}, not {init!r}")
    names, keep = class_names(weights, classes)
    torch.manual_seed(seed)
    net, found = inherit(
        modality, len(names), weights, rule=init, keep_classes=keep, allow_fresh=allow_fresh, share=True
    )
    proof = proven(weights, net.eval(), found.fresh(), init)
    time_padding = net.vgg.padding[0] if net.vgg.dims == 3 else None
    origin = {**provenance(weights, found), "init": init}
    metadata = {
        "plan": net.vgg.spec.plan,
        "dims": str(net.vgg.dims),
        "init": init,
        "time_padding": time_padding or "",
        "source": weights.name,
        "source_sha256": weights.sha256,
        "source_preprocessing": json.dumps(weights.preprocessing()),
        "vggx": vggx.__version__,
    }
    # a net that keeps its last layer is still of its task
    task = (weights.card or {}).get("task") if keep else None
    store.save_file_of_net(target, net, store.make_card(modality, net, names, task) | {"weights": origin}, metadata)
    report = {
        "target": {
            "path": str(target),
            "modality": modality.name,
            "plan": net.vgg.spec.plan,
            "dims": net.vgg.dims,
            "init": init,
            "time_padding": time_padding,
            "classes": len(names),
            "vggx": vggx.__version__,
        },
        "source": {"plan": weights.plan, "norm": weights.norm, "dims": weights.dims, **origin},
        "layers": found.rows,
        "proof": proof,
        "seconds": round(time.perf_counter() - started, 1),
    }
    files.write_json(f"{target}.report.json", report)
    return report


def check_target(target: Path, source: str, overwrite: bool) -> None:
    """
    Raises:
        FileExistsError: the target is there already.
        ValueError: it is a folder, the source itself, or of another format.
    """
    if target.suffix != ".safetensors" or target.is_dir():
        raise ValueError(f"target={target} must be a file that ends in .safetensors")
    if target.resolve() in (Path(source).resolve(), (Path(source) / store.WEIGHTS).resolve()):
        raise ValueError(f"target={target} is the source itself: give it another name")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists; overwrite=true would replace it")


def class_names(weights: Weights, classes: Sequence[str] | int | None) -> tuple[list[str], bool]:
    """The net's classes, and whether they are the source's, so that its last layer can be kept.

    Raises:
        ValueError: neither given nor known, none, or one twice.
    """
    last = weights.last
    if classes is None:
        if last is None:
            raise ValueError(
                f"{weights.name} has no last layer, and so no classes: give classes=[cat,dog], or their number"
            )
        return weights.classes or numbered(len(last)), True
    names = numbered(classes) if isinstance(classes, int) else list(map(str, classes))
    if not names or len(set(names)) < len(names):
        raise ValueError(f"classes must be one or more different names, or their number, not {classes}")
    # a state dict does not tell its classes: a list of as many names tells them
    unnamed = weights.classes is None and last is not None and len(last) == len(names)
    return names, unnamed or weights.classes == names


def numbered(count: int) -> list[str]:
    return [f"class_{number}" for number in range(count)]


def proven(weights: Weights, net: PreparedNet, fresh: Sequence[str], init: str) -> dict[str, Any]:
    """The proof on real outputs: two photographs, or noise where the net with fewer axes hears sound.

    Raises:
        RuntimeError: the outputs differ where the rules promise that they do not.
    """
    vgg = net.vgg
    gap = vgg.dims - weights.dims
    shape = vgg.input_shape[2:] if gap > 0 else vgg.input_shape[1:]
    size = vgg.input_shape[1] if gap > 0 else ROWS if weights.dims == 2 else frames_of(weights)
    if len(shape) == 1:
        channels = 1 if vgg.in_channels in (1, 3) else vgg.in_channels
        x, what = torch.randn(2, channels, *shape), "noise that is the same at every frequency"
    else:
        grey = 1 in (weights.in_channels, vgg.in_channels)
        x, what = photographs(net, shape[-2:], grey), "two photographs"
        if len(shape) == 3:
            x = x.unsqueeze(2).expand(-1, -1, shape[0], -1, -1)
    promised = gap <= 0 or init == "center" or vgg.padding[0] == "replicate"
    found = prove(weights, vgg, fresh, x, size)
    # where the first block is not whole, nothing was compared
    proof = {"input": what, "exact": promised if found["max_relative_error"] else None, **found}
    measured = [each for block in found["max_relative_error"].values() for each in block.values()]
    measured += [] if found["logits"] is None else [found["logits"]]
    if promised and not all(each <= TOLERANCE for each in measured):  # NaN, which is no less than anything, too
        raise RuntimeError(f"the net's outputs are not its source's, and should be, to {TOLERANCE:g}: {proof}")
    return proof


def frames_of(weights: Weights) -> int:
    """The length of the first axis that a source in dims 3 was made for."""
    return weights.card["input"]["shape"][1] if weights.card else 16


def photographs(net: PreparedNet, size: Sequence[int], grey: bool) -> Tensor:
    """(2, C, H, W), or (2, 1, H, W) if grey: the two that scikit-learn carries, scaled, cut, as the net eats them."""
    from sklearn.datasets import load_sample_images

    found = []
    for photograph in load_sample_images().images:
        image = F.resize(torch.tensor(photograph).permute(2, 0, 1), [max(size)], antialias=True)
        image = F.center_crop(image, list(size))
        found.append(F.rgb_to_grayscale(image) if grey else image)
    with torch.inference_mode():
        x = net.normalise(torch.stack(found).expand(-1, net.vgg.in_channels, -1, -1))
        return x[:, :1] if grey else x
