"""(N, F', T) -> (N, K): a net of one channel that every band goes through."""

from torch import Tensor

from vggx.net import VGG
from vggx.spec.net import NetSpec


class FoldedVGG(VGG):
    """(N, F', T) -> (N, K): every band goes through the same dims 1 net as one channel; the head averages them all.

    The bands are folded into the batch, (N F', 1, T); the maps (N F', C, T_L) are laid side by side as (N, C, F' T_L),
    so that a head with a kernel of one step averages over bands and time.
    """

    def maps(self, x: Tensor, valid: Tensor | None = None) -> tuple[list[Tensor], Tensor | None]:
        if x.ndim != 3:
            raise ValueError(f"the net takes (N, bands, time), got a tensor of {tuple(x.shape)}")
        count, bands, _ = x.shape
        folded = x.flatten(0, 1)[:, None]
        rows = None if valid is None else valid.repeat_interleave(bands, 0)
        self.check(folded, rows)
        maps = self.backbone(folded, rows)
        laid = [m.unflatten(0, (count, bands)).transpose(1, 2).flatten(2) for m in maps]
        after = self.backbone.valid_after(valid)
        return laid, None if after is None else after.repeat(1, bands)

    def score_map(self, x: Tensor) -> Tensor:
        """(N, F', T) -> (N, K, F', T'): every band's scores along time."""
        return super().score_map(x).unflatten(2, (x.shape[1], -1))


def net_of(spec: NetSpec, init: str = "glorot") -> VGG:
    """The net of a spec, whether it folds bands or not."""
    return (VGG if spec.bands is None else FoldedVGG).of(spec, init)
