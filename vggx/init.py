"""Initial weights of a net: the schemes that the paper names, and today's."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

INITS: dict[str, Callable[[Tensor], Tensor]] = {
    # "it is possible to initialise the weights without pre-training by using the random initialisation procedure
    # of Glorot & Bengio (2010)": section 3.1 of the paper
    "glorot": nn.init.xavier_uniform_,
    # The same section draws from a normal "with the zero mean and 1e-2 variance". A variance of 1e-2 makes the
    # logits of plan A explode and a standard deviation of 1e-2 does not, so that is what must be meant.
    "normal": partial(nn.init.normal_, mean=0.0, std=0.01),
    # and the words as they stand (docs/probe.md has what both make of the plans)
    "normal_variance": partial(nn.init.normal_, mean=0.0, std=0.1),
    "he": partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu"),
    # as torchvision's VGG begins: its classifier as in "normal"
    "torchvision": partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu"),
}


# a scheme that draws the classifier another way than the convolutions
CLASSIFIER = {"torchvision": INITS["normal"]}


def initialise(module: nn.Module, scheme: str, *, head: bool = False) -> None:
    """Draw every weight with more than one axis by the scheme, and set every bias to zero (section 3.1).

    Args:
        head: whether the module is of a net's head, which some schemes draw another way.

    Raises:
        ValueError: an unknown scheme.
    """
    if scheme not in INITS:
        raise ValueError(f"init must be one of {', '.join(INITS)}, not {scheme!r}")
    draw = CLASSIFIER.get(scheme, INITS[scheme]) if head else INITS[scheme]
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1:
            draw(parameter)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


class Undrawn(TorchDispatchMode):
    """Leaves random weights undrawn: pages that nobody writes take neither memory nor time."""

    DRAWS = (torch.ops.aten.uniform_.default, torch.ops.aten.normal_.default)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return args[0] if func in self.DRAWS else func(*args, **(kwargs or {}))
