"""a word of a user -> the device; a net -> the net set up there, in its precision."""

import torch
from lightning.fabric import Fabric

from vggx import nd
from vggx.inference.loop import NetOnDevice
from vggx.net import PreparedNet
from vggx.runner import hazards
from vggx.runner.allocator import keep_freed_memory
from vggx.runner.trainer import quiet


def choose_device(name: str) -> torch.device:
    """
    Raises:
        ValueError: a name that torch does not know, or a CUDA device that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device={name} is none of auto, cpu, cuda, cuda:0, ...") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={name}: no CUDA device is available")
    return device


def set_up(
    net: PreparedNet, where: torch.device | str, precision: str | None = None, *, channels_last: bool = True
) -> NetOnDevice:
    """Lay a net on one device, in evaluation mode, for inference.

    Args:
        where: a device, or by Lightning's name the kind of it, of which one is taken.
        precision: as `TrainerOptions` has it; 32 bits where None.
        channels_last: as `TrainerOptions` has it.

    Raises:
        ValueError: as `hazards.check_conv3d`.
    """
    quiet()
    keep_freed_memory()
    device = where if isinstance(where, torch.device) else None
    kind = device.type if device else where
    devices = [device.index or 0] if device and device.type == "cuda" else 1
    fabric = Fabric(accelerator=kind, devices=devices, precision=precision)  # type: ignore[arg-type]
    hazards.check_conv3d(net.vgg.dims, precision, fabric.device)
    net.to(fabric.device).eval()
    if channels_last:
        nd.channels_last(net, net.vgg.dims)
    return NetOnDevice(net, fabric)
