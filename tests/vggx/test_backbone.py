"""vggx.backbone: one map per block, against plain functions and the published number of convolution weights."""

import pytest
import torch
from torch.nn import functional as F

from vggx.backbone import Backbone
from vggx.planned import plan_spec
from vggx.plans import PLANS, get_plan

SIZES = {1: (19,), 2: (17, 12), 3: (9, 16, 11)}
# counted from Table 1, and equal to torchvision's for A, B, D and E
CONV_PARAMS = {
    "A": 9_220_480,
    "A-LRN": 9_220_480,
    "B": 9_404_992,
    "C": 9_996_096,
    "D": 14_714_688,
    "E": 20_024_384,
}
# kernels 3x3x3; C's 1x1 stay 1x1x1
INFLATED = {"A": 27_655_936, "B": 28_209_088, "C": 28_800_192, "D": 44_135_616, "E": 60_062_144}


def backbone_of(plan: str, dims: int, channels: int, **options) -> Backbone:
    return Backbone(plan_spec((channels, *(64,) * dims), 2, plan=plan, **options))


def count(plan: str, dims: int) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in backbone_of(plan, dims, 3).parameters())


@pytest.mark.parametrize(("plan", "params"), CONV_PARAMS.items())
def test_parameters_in_dims_2(plan: str, params: int) -> None:
    assert count(plan, 2) == params


@pytest.mark.parametrize(("plan", "params"), INFLATED.items())
def test_parameters_in_dims_3(plan: str, params: int) -> None:
    assert count(plan, 3) == params


@pytest.mark.parametrize("dims", SIZES)
@pytest.mark.parametrize("plan", PLANS)
def test_one_map_per_block(dims: int, plan: str) -> None:
    chosen = get_plan(plan, 0.05)
    backbone = backbone_of(plan, dims, 2, width=0.05, pools=[2] + [1] * (len(chosen.blocks) - 1))
    halved = tuple(side // 2 for side in SIZES[dims])
    maps = backbone(torch.rand(2, 2, *SIZES[dims]))
    assert [tuple(m.shape) for m in maps] == [(2, block.width, *halved) for block in chosen.blocks]


@pytest.mark.parametrize("dims", SIZES)
def test_every_block_halves_where_no_pools_are_given(dims: int) -> None:
    maps = backbone_of("micro", dims, 1)(torch.rand(1, 1, *SIZES[dims]))
    assert [m.shape[2:] for m in maps] == [tuple(s // 2**n for s in SIZES[dims]) for n in (1, 2, 3)]


def test_pools_by_block_and_axis() -> None:
    pools = [(1, 2, 2), 2, (3, 1, 2)]
    maps = backbone_of("micro", 3, 1, pools=pools)(torch.rand(1, 1, 12, 16, 16))
    assert [tuple(m.shape[2:]) for m in maps] == [(12, 8, 8), (6, 4, 4), (2, 4, 2)]


def test_maps_are_the_plans_functions_applied_by_hand() -> None:
    backbone = backbone_of("mini", 2, 3, width=0.25)
    x = torch.rand(2, 3, 16, 16)
    maps = backbone(x)
    weights = [parameter for _, parameter in backbone.named_parameters()]
    for number in range(3):
        for unit in range(2):
            weight, bias = weights[4 * number + 2 * unit :][:2]
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
        x = F.max_pool2d(x, 2)
        torch.testing.assert_close(maps[number], x)


def test_only_plan_a_lrn_has_lrn_and_only_in_its_first_block() -> None:
    with torch.device("meta"):
        names = {plan: [name for name, _ in backbone_of(plan, 2, 3).named_modules()] for plan in PLANS}
    found = {plan: [name for name in layers if "lrn" in name] for plan, layers in names.items()}
    assert found == {plan: ["block1.lrn1"] if plan == "A-LRN" else [] for plan in PLANS}


def test_pools_must_be_as_many_as_blocks() -> None:
    with pytest.raises(ValueError, match=r"plan D has 5 blocks and needs as many pools, got \[2, 2\]"):
        backbone_of("D", 2, 3, width=0.1, pools=[2, 2])


def test_a_pool_below_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pools must be 1 or more, got \[2, 0, 2\]"):
        backbone_of("micro", 2, 3, pools=[2, 0, 2])
