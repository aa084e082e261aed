"""vggx.cost.saved against what autograd's saved-tensor hooks see on the meta device."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from vggx.cost.ledger import Cost, ledger
from vggx.folded import FoldedVGG
from vggx.net import VGG
from vggx.plans import PLANS


def kept_bytes(net: nn.Module, shape: tuple[int, ...]) -> int:
    """Bytes of every distinct tensor that autograd keeps of a training step, parameters and buffers apart."""
    own = {t.untyped_storage()._cdata for t in [*net.parameters(), *net.buffers()]}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage
        return tensor

    dtype = next(net.parameters()).dtype
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        answer = net.train()(torch.empty(shape, device="meta", dtype=dtype))
    assert answer.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


def folded(rows: int, kind: type[VGG]) -> dict:
    return {"bands": rows} if kind is FoldedVGG else {}


def check(
    kind: type[VGG], shape: tuple, sample: tuple, rows: int, dtype: torch.dtype = torch.float32, **options
) -> None:
    """A batch of five keeps three samples more than one of two; what is kept of the batch itself falls out."""
    costs = ledger(shape, 5, **options, **folded(rows, kind))
    with torch.device("meta"):
        net = kind(shape, 5, **options, **folded(rows, kind)).to(dtype)
    more = kept_bytes(net, (5, *sample)) - kept_bytes(net, (2, *sample))
    found = sum(cost.saved.bytes(dtype.itemsize) for cost in costs)
    assert more == 3 * (found + masks_as_floats(costs, options["dropout"], dtype.itemsize))


def masks_as_floats(costs: list[Cost], dropout: float, size: int) -> int:
    """Off the GPU dropout keeps its mask in the precision of the map."""
    dropped = sum(cost.saved.fixed for cost in costs if cost.part == "classifier")
    assert bool(dropped) == bool(dropout)
    return dropped * (size - 1)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("head", ["fc", "pooled"])
@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("plan", ["A-LRN", "D", "micro"])
def test_every_kind_of_net(plan: str, activation: str, norm: str, head: str, dims: int) -> None:
    least = 2 ** len(PLANS[plan].blocks)
    shape = (3, *(least + extra for extra in (5, 12, 3)[:dims]))
    options = {"plan": plan, "norm": norm, "activation": activation, "head": head, "width": 0.1}
    check(VGG, shape, shape, 1, dropout=0.0, **options)
    check(VGG, shape, shape, 1, dropout=0.5, **options)


@st.composite
def nets(draw: st.DrawFn) -> tuple[tuple[int, ...], dict]:
    dims = draw(st.integers(1, 3))
    plan = draw(st.sampled_from(sorted(PLANS)))
    pools = [draw(st.tuples(*[st.integers(1, 3)] * dims)) for _ in PLANS[plan].blocks]
    least = [math.prod(pool[axis] for pool in pools) for axis in range(dims)]
    shape = (draw(st.integers(1, 5)), *(smallest + draw(st.integers(0, 20)) for smallest in least))
    padding = st.sampled_from(["zeros", "replicate"])
    return shape, {
        "plan": plan,
        "pools": pools,
        "width": draw(st.sampled_from([0.05, 0.3])),
        "norm": draw(st.sampled_from(["none", "batch"])),
        "activation": draw(st.sampled_from(["relu", "leaky_relu"])),
        "head": draw(st.sampled_from(["fc", "pooled"])),
        "grid": draw(st.one_of(st.none(), st.tuples(*[st.integers(1, 4)] * dims))),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
        "kernel": draw(st.one_of(st.just(3), st.tuples(*[st.sampled_from([1, 3, 5, 7])] * dims))),
        "padding": [draw(padding) for _ in range(dims)],
    }


@given(nets(), st.sampled_from([torch.float32, torch.bfloat16]))
@settings(deadline=None, max_examples=60)
def test_any_net(net: tuple[tuple[int, ...], dict], dtype: torch.dtype) -> None:
    shape, options = net
    check(VGG, shape, shape, 1, dtype, **options)


@pytest.mark.parametrize("bands", [1, 4])
@pytest.mark.parametrize("head", ["fc", "pooled"])
@pytest.mark.parametrize("grid", [(1,), (3,), (40,)])
def test_bands_folded_into_the_batch(bands: int, head: str, grid: tuple[int]) -> None:
    options = {"plan": "micro", "head": head, "grid": grid, "norm": "batch", "dropout": 0.0}
    check(FoldedVGG, (1, 37), (bands, 37), bands, **options)


def test_by_hand() -> None:
    """micro on 2 channels of 12 steps: maps of 16 x 12, 16 x 6, 32 x 6, 32 x 3, 64 x 3, 64 x 1, and two of 128."""
    options = {"plan": "micro", "dropout": 0.0}
    found = {cost.name: tuple(cost.saved) for cost in ledger((2, 12), 3, **options)}
    assert found == {
        "conv1_1": (2 * 12 + 16 * 12, 0),
        "pool1": (16 * 6, 8 * 16 * 6),
        "conv2_1": (32 * 6, 0),
        "pool2": (32 * 3, 8 * 32 * 3),
        "conv3_1": (64 * 3, 0),
        "pool3": (64, 8 * 64),
        "fc6": (128, 0),
        "fc7": (128, 0),
        "fc8": (0, 0),
    }
