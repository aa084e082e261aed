"""what was measured of a net -> in words, the signs that it will not learn; docs/probe.md has the reasons."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

from vggx.probe.layers import Layer, Seen, norm

# Logits that are the same but for so little tell no sample from another: the gradients of the layers below are as
# small, and the loss waits near ln K. Nets scaled down to it waited three times as long as others, at a tenth of it
# ten times, at a hundredth for ever.
SILENT = 1e-2
# A softmax gives all to one class when logits spread by 10 or more, and the loss is then 5 ln K or more, of 10 classes
# as of 1,000; of nets scaled up to it most never learned. A net that has learned has such logits, but not the loss.
LOUD = 5.0
# Of a fresh net a ReLU leaves half of the units at zero, all of those in a layer whose inputs are much alike.
DEAD = 0.9
# Of a weight float32 keeps a change of so much of it, and none that is smaller.
LOST = 2.0**-24
# A step as long as the weights themselves leaves nothing of them.
LEAP = 1.0


def signs(seen: Seen, classes: int, rates: Mapping[str, float]) -> list[str]:
    """
    Args:
        rates: how fast each layer learns, by its name, where a step is the gradient times that (sgd); or none.
    """
    layers, loss, std = seen.layers, seen.loss, seen.logits_std
    blind, found = math.log(classes), list[str]()
    mend = "modality.net.norm=batch, normalize=dataset, another init, or weights=... may mend it"
    if not (math.isfinite(loss) and math.isfinite(std)):
        return [f"explodes: the loss is {loss}; {course(layers)}; {mend}"]
    if std < SILENT:
        found.append(
            f"vanishes: the logits have a standard deviation of {std:.2g}, below {SILENT:g}, and the loss will "
            f"wait near ln K = {blind:.3g}; {course(layers)}; {mend}"
        )
    if loss > LOUD * blind:
        found.append(
            f"explodes: the loss is {loss:.4g}, more than {LOUD:g} times the ln K = {blind:.3g} of a net that knows "
            f"nothing, the logits have a standard deviation of {std:.2g}; {course(layers)}; {mend}"
        )
    for layer in layers:
        dead = layer.dead()
        if dead is not None and dead > DEAD:
            found.append(f"{layer.name} is dead: {dead:.0%} of its units are zero for all samples")
    steps = {
        layer.name: rates[layer.name] * fmean(layer.norms) / weight
        for layer in layers
        if layer.norms and layer.name in rates and (weight := norm(layer.weight))
    }
    found += steps_lost(steps) + steps_too_long(steps)
    return found


def course(layers: Sequence[Layer]) -> str:
    """From where to where the standard deviation goes, and by what factor from a layer to the next."""
    first, last = layers[0], layers[-1]
    ends = [layer.before.std() or 0.0 for layer in (first, last)]
    said = f"from {first.name} to {last.name} it goes from {ends[0]:.3g} to {ends[1]:.3g}"
    if len(layers) < 2 or not all(0 < end < math.inf for end in ends):
        return said
    return f"{said}, by a factor of {(ends[1] / ends[0]) ** (1 / (len(layers) - 1)):.2g} a layer"


def steps_lost(steps: Mapping[str, float]) -> list[str]:
    lost = [name for name, step in steps.items() if step < LOST]
    return [f"a step changes the weights of {', '.join(lost)} by less than float32 can tell"] if lost else []


def steps_too_long(steps: Mapping[str, float]) -> list[str]:
    name, step = max(steps.items(), key=lambda item: item[1], default=("", 0.0))
    if step <= LEAP:
        return []
    return [f"the first step is too long: it would change {name} by {step:.2g} times its norm; lower recipe.lr"]
