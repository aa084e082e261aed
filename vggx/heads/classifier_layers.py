"""The layers of the paper's classifier: fc6, fc7 and fc8 as convolutions, and the mean over the places of their map."""

from collections.abc import Sequence
from dataclasses import replace

from vggx.spec.layer import HEAD, Layer, pointwise
from vggx.spec.parts import Feed
from vggx.spec.words import HeadSpec

NAMES = ("fc6", "fc7", "fc8")


def layers(head: HeadSpec, maps: Sequence[Feed]) -> list[Layer]:
    (feed,) = maps[-1:]
    ones, none = (1,) * feed.dims, ((0, 0),) * feed.dims
    grid = pointwise("fc6.grid", "grid", HEAD, [feed.layer], feed.channels, feed.dims)
    found = [replace(grid, kernel=head.grid)]
    for name, kernel, width in zip(NAMES, (head.grid, ones, ones), (*head.widths, head.outputs), strict=True):
        last = found[-1]
        found.append(Layer(name, "conv", HEAD, (last.name,), last.channels, width, kernel, ones, ones, none))
        if name == NAMES[-1]:
            break
        act = pointwise(f"{name}.act", "act", HEAD, [name], width, feed.dims)
        found.append(replace(act, mode=head.activation))
        if head.dropout:
            dropped = pointwise(f"{name}.dropout", "dropout", HEAD, [f"{name}.act"], width, feed.dims)
            found.append(replace(dropped, share=head.dropout))
    return [*found, pointwise("scores", "mean", HEAD, [found[-1].name], head.outputs, feed.dims)]
