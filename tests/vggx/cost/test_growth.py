"""vggx.cost.growth: the laws against the ledger, and against what the plans differ by."""

from dataclasses import replace
from fractions import Fraction

import pytest

from vggx import configs, settings
from vggx.cost.growth import Law, depth_laws, extent_law, laws, width_law, with_value
from vggx.cost.ledger import ledger_of, total
from vggx.options import Modality
from vggx.plans import PLANS


def modality(name: str, **options: object) -> Modality:
    config = configs.load(f"modality/{name}")
    for option, value in options.items():
        config["net" if option in config.net else "data"][option] = value
    return settings.usual(config)


def macs(made: Modality, classes: int = 10) -> int:
    return total(ledger_of(made, classes))["macs"]


@pytest.mark.parametrize("head", ["fc", "pooled"])
@pytest.mark.parametrize("plan", ["A", "C", "D", "mini"])
@pytest.mark.parametrize(("name", "option"), [("image", "size"), ("video", "frames"), ("video", "size")])
def test_extents_are_exact_where_the_pools_divide(name: str, option: str, plan: str, head: str) -> None:
    made = modality(name, plan=plan, head=head)
    value = 16 if option == "frames" else 64
    law = extent_law(with_value(made, option, value), 10, option)
    for multiple in (1, 2, 3, 5):
        assert law.at(value * multiple) == macs(with_value(made, option, value * multiple))
    between = value + 5
    assert macs(with_value(made, option, between)) <= law.at(between)


@pytest.mark.parametrize("head", ["fc", "pooled"])
@pytest.mark.parametrize("frequency", ["channels", "pooled"])
@pytest.mark.parametrize("plan", ["A", "C", "D", "mini"])
def test_seconds_are_exact_where_the_pools_divide_the_steps(plan: str, frequency: str, head: str) -> None:
    """A hop less than 32 n seconds of 100 hops make 32 n steps."""
    pools = [2] * len(PLANS[plan].blocks)
    made = modality("audio", plan=plan, frequency=frequency, head=head, time_pools=pools)
    law = extent_law(with_value(made, "seconds", 0.63), 10, "seconds")
    for multiple in (2, 3, 5):
        seconds = (32 * multiple - 1) / 100
        assert float(law.at(seconds)) == pytest.approx(macs(with_value(made, "seconds", seconds)), rel=1e-12)
    assert macs(with_value(made, "seconds", seconds + 0.1)) < law.at(seconds + 0.1)


def test_pooled_bands_that_choose_their_pools_by_the_length_are_refused() -> None:
    made = modality("audio", frequency="pooled")
    message = r"chooses its time pools by seconds: set modality.net.time_pools, such as \[2, 2, 2, 2, 2\]"
    with pytest.raises(ValueError, match=message):
        extent_law(made, 10, "seconds")
    told = modality("audio", frequency="pooled", time_pools=[2] * 5)
    law = extent_law(told, 10, "seconds")
    for seconds in (0.35, 0.5, 0.75, 1.0, 2.0):
        assert macs(with_value(told, "seconds", seconds)) <= law.at(seconds)


def test_the_slope_is_the_weights_by_hand() -> None:
    """micro on 3 channels, pooled head: 432 at every pixel, 4,608 at a quarter, 18,432 at a sixteenth, and 64 x 10."""
    law = extent_law(modality("image", plan="micro", head="pooled", size=32), 10, "size")
    assert law == Law("size", 32, {2: Fraction(432) + Fraction(4608, 4) + Fraction(18432, 16), 0: Fraction(640)})


@pytest.mark.parametrize("head", ["fc", "pooled"])
@pytest.mark.parametrize("plan", ["A-LRN", "C", "E", "micro4"])
@pytest.mark.parametrize(
    ("name", "options"), [("image", {}), ("video", {}), ("audio", {}), ("audio", {"frequency": "pooled"})]
)
def test_width_is_exact_where_it_rounds_nothing(name: str, options: dict, plan: str, head: str) -> None:
    made = modality(name, plan=plan, head=head, **options)
    law = width_law(made, 10)
    assert set(law.terms) == {2, 1}
    for width in (0.25, 0.5, 2.0):
        assert law.at(width) == macs(with_value(made, "width", width))


@pytest.mark.parametrize(
    ("name", "options"), [("image", {}), ("video", {}), ("video", {"time_kernel": 7}), ("audio", {})]
)
def test_plan_e_is_plan_d_with_a_layer_more_in_three_blocks(name: str, options: dict) -> None:
    found = depth_laws(modality(name, plan="D", **options), 10)
    assert [law.option for law in found] == [f"layers of block{number}" for number in range(1, 6)]
    assert [law.value for law in found] == [2, 2, 3, 3, 3]
    more = sum(law.at(law.value + 1) - law.at(law.value) for law in found[2:])
    assert macs(modality(name, plan="E", **options)) - macs(modality(name, plan="D", **options)) == more
    assert all(law.at(law.value) == macs(modality(name, plan="D", **options)) for law in found)


def test_a_layer_more_of_a_block_of_two_kernels_is_of_its_first_one() -> None:
    """Blocks 3 to 5 of plan C end with a kernel of 1; the second layers of all its blocks read as much as they give."""
    made = modality("image", plan="C", size=64)
    second = [cost.macs for cost in ledger_of(made, 10) if cost.name.endswith("_2") and cost.kind == "conv"]
    assert [law.terms[1] for law in depth_laws(made, 10)] == second


@pytest.mark.parametrize("time_kernel", [1, 5, 7])
def test_laws_of_a_clip_are_exact_with_another_kernel_along_time(time_kernel: int) -> None:
    made = modality("video", plan="C:3", time_kernel=time_kernel)
    for option, value in (("frames", 48), ("size", 56), ("width", 0.5)):
        law = next(law for law in laws(made, 10) if law.option == option)
        assert law.at(law.value) == macs(made)
        assert law.at(value) == macs(with_value(made, option, value))


def test_laws_of_a_modality_in_their_order() -> None:
    options = [law.option for law in laws(modality("video", plan="micro"), 10)]
    assert options == ["frames", "size", "width", *(f"layers of block{number}" for number in (1, 2, 3))]


def test_a_given_grid_is_refused() -> None:
    made = modality("image")
    made = replace(made, net=replace(made.net, grid=[7, 7]))
    with pytest.raises(ValueError, match=r"modality.net.grid=\[7, 7\]: growth is known where the grid follows"):
        laws(made, 10)
