"""(N, C, *S) -> (N, width, *S): convolution -> [norm] -> activation; what pads a shorter clip stays 0."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from vggx import nd

NORMS: dict[str, nd.Layers] = {"batch": nd.BATCH_NORM}
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.01)}


def activation_layer(name: str) -> nn.Module:
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {name!r}")
    return ACTIVATIONS[name]()


class ConvUnit(nn.Sequential):
    """conv -> [norm] -> activation, in any number of dimensions; the convolution keeps the size of every axis.

    Args:
        dims: number of spatial axes, 1 to 3.
        in_channels: C.
        width: output channels.
        kernel: odd size, for all axes or one per axis.
        norm: "none" or a key of `NORMS`.
        activation: a key of `ACTIVATIONS`.
        padding: "zeros" or "replicate", for all axes or one per axis.

    Raises:
        ValueError: an unknown norm, activation or padding, or an even kernel.
    """

    def __init__(
        self,
        dims: int,
        in_channels: int,
        width: int,
        *,
        kernel: int | Sequence[int] = 3,
        norm: str = "none",
        activation: str = "relu",
        padding: str | Sequence[str] = "zeros",
    ):
        if norm not in ("none", *NORMS):
            raise ValueError(f"norm must be none or one of {', '.join(NORMS)}, not {norm!r}")
        # torchvision's batch-norm nets keep the bias that the norm makes idle; so do these, to share their weights
        layers = nd.conv(dims, in_channels, width, kernel, padding, bias=True)
        if norm != "none":
            layers.append(("norm", NORMS[norm][dims](width)))
        layers.append(("act", activation_layer(activation)))
        super().__init__(OrderedDict(layers))

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """
        Args:
            x: (N, C, *S)
            valid: (N, S[0]), which positions of the first axis are input and not padding; all where None.
        """
        for name, layer in self.named_children():
            measured = name == "norm" and self.training
            x = nd.on_valid(layer, x, valid) if measured and valid is not None else layer(x)
        return nd.zero_padding(x, valid)
