"""what is known of a net of another library: how it is built, what it is given, what its library publishes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vggx.cost.counter import Count, count


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A net of another library.

    Attributes:
        name: library:net.
        modality: image or video.
        build: makes the net, its weights drawn.
        input_shape: (C, H, W) or (C, T, H, W) of one view.
        frame_stride: from one frame of a clip to the next, in frames of the film.
        fps: of the film that it is trained on; None for that of the user's.
        views: of its published protocol.
        pathways: makes of the batch what the net is called with.
        published_gmacs: what its library publishes for one view, whatever it calls it; None if nothing.
        note: why that is another figure than the count.
    """

    name: str
    modality: str
    build: Callable[[], nn.Module]
    input_shape: tuple[int, ...]
    frame_stride: int = 1
    fps: float | None = None
    views: int = 1
    pathways: Callable[[Tensor], Tensor | list[Tensor]] = lambda x: x
    published_gmacs: float | None = None
    note: str = ""

    def meaning(self, fps: float) -> str:
        """What one view stands for, in words."""
        *frames, height, width = self.input_shape[1:]
        pixels = f"{height} x {width} pixels"
        if not frames:
            return pixels
        clip = f"{frames[0]} frames x {self.frame_stride} / {self.fps or fps:g} fps"
        return f"{clip} = {self.duration(fps):.4g} s, {pixels}"

    def duration(self, fps: float) -> float:
        """Seconds that one view stands for; an image is a frame of a film."""
        frames = self.input_shape[1] if len(self.input_shape) == 4 else 1
        return frames * self.frame_stride / (self.fps or fps)


def counted(peer: Peer) -> Count:
    """What torch counts of one view."""
    net = on_meta(peer.build)
    return count(net, peer.pathways(torch.empty(1, *peer.input_shape, device="meta")))


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """The net without memory, also where its construction looks into tensors that it has computed."""
    try:
        with torch.device("meta"):
            return build()
    except (NotImplementedError, RuntimeError):
        with EmptyOnMeta():
            return build().to("meta")


class EmptyOnMeta(TorchFunctionMode):
    """Weights take no memory, for layers make them by torch.empty; other tensors have their values."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.empty and kwargs.get("device") is None:
            kwargs = kwargs | {"device": "meta"}
        return func(*args, **kwargs)
