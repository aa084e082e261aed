"""a net + the trainer's options -> the net on the one device where it judges, and that device."""

from lightning.fabric import Fabric

from vggx import nd
from vggx.net import PreparedNet
from vggx.options import TrainerOptions
from vggx.runner import hazards
from vggx.runner.allocator import keep_freed_memory


def on_device(net: PreparedNet, trainer: TrainerOptions) -> Fabric:
    """One device of the kind and in the precision that the options say; the net lies there, in evaluation mode.

    Raises:
        ValueError: as `hazards.check_conv3d`.
    """
    keep_freed_memory()
    fabric = Fabric(accelerator=trainer.accelerator, devices=1, precision=trainer.precision)  # type: ignore[arg-type]
    hazards.check_conv3d(net.vgg.dims, trainer.precision, fabric.device)
    net.to(fabric.device).eval()
    if trainer.channels_last:
        nd.channels_last(net, net.vgg.dims)
    return fabric
