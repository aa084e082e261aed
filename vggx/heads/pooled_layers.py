"""The layers of the small classifier: the mean over all places, and one linear layer."""

from collections.abc import Sequence
from dataclasses import replace

from vggx.spec.layer import HEAD, Layer, pointwise
from vggx.spec.parts import Feed
from vggx.spec.words import HeadSpec


def layers(head: HeadSpec, maps: Sequence[Feed]) -> list[Layer]:
    (feed,) = maps[-1:]
    found = [pointwise("fc.mean", "mean", HEAD, [feed.layer], feed.channels, feed.dims)]
    if head.dropout:
        dropped = pointwise("fc.dropout", "dropout", HEAD, ["fc.mean"], feed.channels, feed.dims)
        found.append(replace(dropped, share=head.dropout))
    ones, none = (1,) * feed.dims, ((0, 0),) * feed.dims
    last = found[-1].name
    return [*found, Layer("fc", "linear", HEAD, (last,), feed.channels, head.outputs, ones, ones, ones, none)]
