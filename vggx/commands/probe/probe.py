"""settings -> the net that `vggx train` would begin with, looked at on a few of its batches; no step is taken."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from lightning import seed_everything

from vggx import recipes, tasks, tuning
from vggx.data.batch import Batch, noting
from vggx.data.dataset import blank
from vggx.data.statistics import MEASURING, measure, unmeasured
from vggx.net import PreparedNet
from vggx.options import Modality, Settings, given
from vggx.probe.layers import Layer, norm, seen
from vggx.probe.rates import block_rates, mean, parts, trust
from vggx.probe.signs import signs
from vggx.progress import progress
from vggx.runner.allocator import keep_freed_memory
from vggx.runner.device import choose_device
from vggx.runner.train import begun, opened
from vggx.weights.source import Weights

Row = dict[str, Any]


@dataclass(frozen=True)
class Noise:
    """What stands in the place of data: normalised inputs from a normal distribution, and labels of any class.

    Attributes:
        std: of the distribution; its mean is 0.
        classes: their names.
    """

    std: float
    classes: list[str]


def probe(
    settings: Settings,
    *,
    weights: Weights | None = None,
    batches: int = 4,
    noise: Noise | None = None,
    device: str = "auto",
) -> Row:
    """Look at the net on so many training batches, in 32 bits, augmented as in training but not mixed.

    Args:
        settings: as `vggx.runner.train.train` takes them; nothing is written into `runs`.
        weights: what `settings.weights` names.
        device: auto, cpu, cuda, ...

    Returns:
        Plain values {modality, plan, dims, norm, init, weights, input, samples, classes, ln_classes, loss, logits_std,
        layers, parts, block_rates, signs, bad_files}: `layers` as of `layer_rows`, `parts` and `block_rates` as of
        `vggx.probe.rates`, `signs` as of `vggx.probe.signs`. A figure that is not finite is None.

    Raises:
        ValueError, FileNotFoundError: as a training that cannot begin.
    """
    where = choose_device(device)
    recipes.check(settings.recipe)
    seed_everything(settings.seed, verbose=False)
    keep_freed_memory()
    modality, recipe, bad = settings.modality, settings.recipe, dict[str, str]()
    if noise is None:
        tasks.check_classes(settings.task, "vggx probe")
        data, task = opened(settings)
        classes = task.names
    else:
        classes = noise.classes
    net, found = begun(modality, classes, weights, settings.allow_fresh, settings.inherit)
    frozen = tuning.freeze(net, settings.freeze)
    paces = tuning.paces(net, recipe, found.fresh() if found else None)
    if noise is None:
        if unmeasured(modality.net, modality.data):
            measure(net, progress(data.loader(data.dataset("train")), MEASURING), modality.net, modality.data)
        inputs: Iterable[Batch] = noting(islice(data.train_dataloader(), batches), bad)
    else:
        size = given(modality.data.batch_size, "batch_size")
        inputs = noisy(noise, eaten_shape(net, modality), size, batches)
    measured = seen(
        net.to(where),
        progress(moved(inputs, where), "probe"),
        frozen=frozen,
        smoothing=recipe.label_smoothing,
        eaten=noise is not None,
    )
    # the steps of AdamW are not along the gradient
    lr = given(recipe.lr, "recipe.lr") if recipe.optimizer == "sgd" else None
    keys = net.layer_keys()
    rates = {keys[name].rpartition(".")[0]: lr * pace.scale for name, pace in paces.items()} if lr else {}
    by_part = parts(measured.layers)
    return {
        "modality": modality.name,
        "plan": net.vgg.spec.plan,
        "dims": net.vgg.dims,
        "norm": modality.net.norm,
        "init": modality.net.init,
        "weights": settings.weights,
        "input": f"noise of standard deviation {noise.std:g}" if noise else data.describe().splitlines()[0],
        "samples": measured.samples,
        "classes": len(classes),
        "ln_classes": math.log(len(classes)),
        "loss": finite(measured.loss),
        "logits_std": finite(measured.logits_std),
        "layers": layer_rows(measured.layers),
        "parts": plain(by_part),
        "block_rates": block_rates(by_part),
        "signs": signs(measured, len(classes), rates),
        "bad_files": bad,
    }


def eaten_shape(net: PreparedNet, modality: Modality) -> tuple[int, ...]:
    """(C, *S) of what the net eats of one sample."""
    with torch.no_grad():
        return tuple(net.eval().eaten(blank(modality.data, 1))[0].shape[1:])


def noisy(noise: Noise, shape: Sequence[int], size: int, batches: int) -> Iterator[Batch]:
    """Batches of what a net eats, (N, C, *S), its values drawn."""
    for _ in range(batches):
        yield Batch(noise.std * torch.randn(size, *shape), torch.randint(len(noise.classes), (size,)))


def moved(batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    for batch in batches:
        yield batch.to(device)


def layer_rows(layers: Sequence[Layer]) -> list[Row]:
    """A row of each layer, the logits' last.

    {layer, part, std, factor, std_after, dead, grad_std, weight_norm, grad_norm, ratio}: `std` of the values before the
    activation, and by what factor it differs from the layer below; `std_after` behind the activation; `dead` is the
    share of units that are zero for all samples; `grad_std` of the loss's gradient by the values of `std`; norms of the
    kernel and of its gradient, and the first by the second.
    """
    rows: list[Row] = []
    for layer in layers:
        std, weight, gradient = layer.before.std(), norm(layer.weight), mean(layer.norms)
        rows.append(
            {
                "layer": layer.name,
                "part": layer.part,
                "std": std,
                "factor": std / rows[-1]["std"] if rows and rows[-1]["std"] else None,
                "std_after": layer.after.std(),
                "dead": layer.dead(),
                "grad_std": layer.gradient.std(),
                "weight_norm": weight,
                "grad_norm": gradient,
                "ratio": trust(weight, gradient),
            }
        )
    return plain(rows)


def plain(rows: Sequence[Row]) -> list[Row]:
    return [{name: finite(value) for name, value in row.items()} for row in rows]


def finite(value: Any) -> Any:
    """JSON has no other numbers."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
