"""vggx.plans against Table 1 of the paper, written here as the paper prints it."""

import itertools

import pytest

from vggx.plans import ALIASES, PLANS, get_plan

TABLE_1 = {  # conv<kernel>-<width>, a bar for every max pool
    "A": "3-64 | 3-128 | 3-256 3-256 | 3-512 3-512 | 3-512 3-512",
    "A-LRN": "3-64 LRN | 3-128 | 3-256 3-256 | 3-512 3-512 | 3-512 3-512",
    "B": "3-64 3-64 | 3-128 3-128 | 3-256 3-256 | 3-512 3-512 | 3-512 3-512",
    "C": "3-64 3-64 | 3-128 3-128 | 3-256 3-256 1-256 | 3-512 3-512 1-512 | 3-512 3-512 1-512",
    "D": "3-64 3-64 | 3-128 3-128 | 3-256 3-256 3-256 | 3-512 3-512 3-512 | 3-512 3-512 3-512",
    "E": "3-64 3-64 | 3-128 3-128 | 3-256 3-256 3-256 3-256 | 3-512 3-512 3-512 3-512 | 3-512 3-512 3-512 3-512",
}
WEIGHT_LAYERS = {"A": 11, "A-LRN": 11, "B": 13, "C": 16, "D": 16, "E": 19}


@pytest.mark.parametrize("name", TABLE_1)
def test_the_plan_is_the_papers(name: str) -> None:
    printed = " | ".join(
        " ".join([*(f"{kernel}-{block.width}" for kernel in block.kernels), *["LRN"] * block.lrn])
        for block in get_plan(name).blocks
    )
    assert printed == TABLE_1[name]
    assert get_plan(name).hidden == 4096


@pytest.mark.parametrize(("name", "layers"), WEIGHT_LAYERS.items())
def test_weight_layers(name: str, layers: int) -> None:
    assert sum(len(block.kernels) for block in get_plan(name).blocks) + 3 == layers


@pytest.mark.parametrize(("alias", "name"), [("vgg11", "A"), ("vgg13", "B"), ("vgg16", "D"), ("VGG19", "E")])
def test_an_alias_names_the_plan_of_that_many_layers(alias: str, name: str) -> None:
    assert get_plan(alias) == PLANS[name]
    assert alias.lower() in ALIASES


@pytest.mark.parametrize("name", sorted(set(PLANS) - set(TABLE_1)))
def test_the_small_plans_keep_the_papers_rules(name: str) -> None:
    plan = get_plan(name)
    assert {kernel for block in plan.blocks for kernel in block.kernels} == {3}
    widths = [block.width for block in plan.blocks]
    assert all(after == 2 * before for before, after in itertools.pairwise(widths))


def test_the_multiplier_scales_every_width_and_no_kernel() -> None:
    plan = get_plan("C", 0.25)
    assert [block.width for block in plan.blocks] == [16, 32, 64, 128, 128]
    assert plan.hidden == 1024
    assert [block.kernels for block in plan.blocks] == [block.kernels for block in PLANS["C"].blocks]


def test_the_multiplier_rounds_and_leaves_one_channel_at_least() -> None:
    assert [block.width for block in get_plan("micro", 1.1).blocks] == [18, 35, 70]
    assert [block.width for block in get_plan("micro", 1e-6).blocks] == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "whole"), [("E:3", "E"), ("e:3", "E"), ("VGG19:3", "E"), ("A-LRN:1", "A-LRN"), ("mini:2", "mini")]
)
def test_the_first_blocks_of_a_plan(name: str, whole: str) -> None:
    count = int(name[-1])
    plan = get_plan(name)
    assert (plan.name, plan.hidden) == (f"{whole}:{count}", PLANS[whole].hidden)
    assert plan.blocks == PLANS[whole].blocks[:count]
    assert get_plan(name, 0.5).blocks == get_plan(whole, 0.5).blocks[:count]


def test_all_blocks_of_a_plan_are_the_plan() -> None:
    assert get_plan("E:5") == get_plan("vgg19:5") == PLANS["E"]


@pytest.mark.parametrize("count", ["0", "6", "-1", "1.0", "", "x", "1:1"])
def test_more_blocks_than_there_are_and_none_are_refused(count: str) -> None:
    with pytest.raises(ValueError, match=f"plan E:{count}: E has 5 blocks, so give E:1 to 5"):
        get_plan(f"vgg19:{count}")


def test_another_kernel_leaves_those_of_1_alone() -> None:
    assert [block.kernels for block in get_plan("C", 0.5, (5, 3, 3)).blocks[1:3]] == [
        ((5, 3, 3), (5, 3, 3)),
        ((5, 3, 3), (5, 3, 3), 1),
    ]
    assert get_plan("C:3", kernel=7).blocks[2] == (256, (7, 7, 1), False)
    assert get_plan("C", kernel=3) == PLANS["C"]


@pytest.mark.parametrize("width", [0, -1.0, float("nan")])
def test_a_multiplier_that_is_not_positive_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="the width multiplier must be positive, got"):
        get_plan("A", width)


@pytest.mark.parametrize(
    ("name", "near"),
    [("vgg12", r"vgg1\d"), ("vgg-16", "vgg16"), ("ALRN", "A-LRN"), ("micr0", "micro"), ("minni:2", "mini")],
)
def test_an_unknown_plan_is_answered_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=rf"no plan is called '{name}'; did you mean {near}\?.*A, A-LRN, B, C, D, E"):
        get_plan(name)


def test_an_unknown_plan_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(ValueError, match=r"no plan is called 'resnet50'.*A-LRN, B,.*micro,.*vgg13, vgg16, vgg19"):
        get_plan("resnet50")
