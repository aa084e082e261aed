"""(N, 3, T, H, W) bytes -> (N, K): VGG in dims 3, kernels inflated along time, time pooled by a tuple."""

from typing import Any

from modalities.video.options import Data, Net
from vggx import geometry
from vggx.data.colours import colour_shift
from vggx.net import VGG, Normalise, PreparedNet
from vggx.plans import get_plan


def vgg_arguments(options: Net, data: Data) -> dict[str, Any]:
    """The arguments of `VGG`: the first pool leaves time alone and the others halve it, unless told otherwise.

    fc6 sees one step of time, so that a longer clip gives several scores, which are averaged.
    """
    common = options.common_arguments()
    plan = get_plan(common.get("plan", "D"))
    time_pools = options.time_pools or [1] + [2] * (len(plan.blocks) - 1)
    if len(time_pools) != len(plan.blocks):
        raise ValueError(
            f"modality.net.time_pools={time_pools} must have one value for each of the {len(plan.blocks)} blocks "
            f"of plan {plan.name}"
        )
    if options.time_kernel < 1 or options.time_kernel % 2 == 0:
        raise ValueError(f"modality.net.time_kernel must be odd, 1 or more, not {options.time_kernel}")
    shape = data.input_shape()
    pools = [(time, 2, 2) for time in time_pools]
    layers = geometry.backbone_layers(plan, 3, shape[0], pools)
    geometry.check_input(plan, layers, shape[1:])
    _, *grid = geometry.output_size(layers, shape[1:])
    padding = (options.time_padding, "zeros", "zeros")
    kernel = (options.time_kernel, 3, 3)
    return {"input_shape": shape, "kernel": kernel, "pools": pools, "padding": padding, "grid": (1, *grid)} | common


def build(options: Net, data: Data, outputs: int) -> PreparedNet:
    """The net of these options.

    Raises:
        ValueError: as `VGG`, a clip too short for its pools among it; or statistics that do not fit the channels.
    """
    vgg = VGG(classes=outputs, **vgg_arguments(options, data))
    mean, std = options.statistics(vgg.in_channels)
    return PreparedNet(vgg, Normalise(mean, std), augment=colour_shift(data, vgg.in_channels, std))
