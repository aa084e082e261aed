"""vggx.commands.cost_budget.budget against a search that tries everything."""

from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from vggx import configs, settings
from vggx.commands.cost_budget.budget import Limits, budget, changed, found_row
from vggx.cost.growth import with_value
from vggx.cost.ledger import ledger_of, total
from vggx.options import Settings
from vggx.plans import PLANS
from vggx.runner.cost import Terms
from vggx.runner.memory import predicted

TERMS = Terms(10)
SECONDS = [round(number / 100, 2) for number in range(1, 250)]


SEARCHES = [("image", "size", 1), ("video", "frames", 1), ("audio", "seconds", 0.01), ("image", "width", 0.001)]


def made(name: str, **options: Any) -> Settings:
    config = OmegaConf.create({"modality": configs.load(f"modality/{name}"), "recipe": configs.load("recipe/default")})
    for option, value in options.items():
        config.modality["net" if option in config.modality.net else "data"][option] = value
    return settings.usual_settings(config)


def counts(net: Settings, find: str, value: Any) -> dict[str, int] | None:
    try:
        return total(ledger_of(with_value(net.modality, find, value), 10))
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("name", "find", "limits", "values"),
    [
        ("video", "frames", {"macs": 3e9}, range(1, 60)),
        ("video", "size", {"macs": 3e9}, range(1, 240)),
        ("image", "size", {"params": 8e6}, range(1, 320)),
        ("image", "width", {"macs": 1e8, "params": 9e6}, [round(number / 1000, 3) for number in range(1, 1500)]),
        ("audio", "seconds", {"macs": 1.5e6}, SECONDS),
        ("audio", "width", {"params": 2e4}, [round(number / 1000, 3) for number in range(1, 900)]),
    ],
)
def test_the_largest_that_fits_and_the_next(name: str, find: str, limits: dict, values: Any) -> None:
    check(made(name, plan="micro"), find, limits, values)


def test_seconds_of_pooled_bands_whose_pools_are_given() -> None:
    check(made("audio", frequency="pooled", time_pools=[2] * 5), "seconds", {"macs": 450e6}, SECONDS)


def test_pooled_bands_that_choose_their_pools_by_the_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"chooses its time pools by seconds: set modality\.net\.time_pools"):
        budget(made("audio", frequency="pooled"), "seconds", Limits(macs=298e6), TERMS)


def test_a_value_that_is_too_short_now_is_searched_all_the_same() -> None:
    best, _ = budget(made("video", plan="micro", size=4), "size", Limits(macs=3e9), TERMS)
    assert best["fits"]
    with pytest.raises(ValueError, match="an input of 1 along time is too short"):
        budget(made("video", plan="micro", frames=1), "size", Limits(macs=3e9), TERMS)


def check(net: Settings, find: str, limits: dict, values: Any) -> None:
    """By trying every value."""
    costs = [(value, counts(net, find, value)) for value in values]
    fitting = [v for v, found in costs if found and all(found[key] <= limit for key, limit in limits.items())]
    best, beyond = budget(net, find, Limits(**limits), TERMS)
    assert (best["fits"], beyond["fits"]) == (True, False)
    assert best[find] == max(fitting)
    assert beyond[find] == min(value for value in values if value > max(fitting))
    assert best["macs"] == dict(costs)[best[find]]["macs"]


def test_the_largest_plan() -> None:
    net = made("image")
    best, beyond = budget(net, "plan", Limits(macs=12e9), TERMS)
    assert (best["plan"], beyond["plan"]) == ("C", "D")
    assert (best["fits"], beyond["fits"]) == (True, False)
    best, beyond = budget(net, "plan", Limits(params=30e6), TERMS)
    assert (best["plan"], beyond["plan"]) == ("mini", "A")
    (best,) = budget(net, "plan", Limits(macs=1e12), TERMS)
    assert best["plan"] == max(PLANS, key=lambda plan: counts(net, "plan", plan)["macs"]) == "E"


@given(st.sampled_from(SEARCHES), st.integers(0, 300))
@hypothesis.settings(deadline=None, max_examples=40)
def test_what_a_net_needs_is_enough_for_it_and_not_for_a_step_more(search: tuple[str, str, float], more: int) -> None:
    name, find, step = search
    net = made(name, plan="micro", head="fc")
    value = round((32 + more) * step, 3)
    wanted = counts(net, find, value)
    best, beyond = budget(net, find, Limits(macs=wanted["macs"], params=wanted["params"]), TERMS)
    assert best[find] >= value
    assert (best["macs"], best["params"]) == (wanted["macs"], wanted["params"])
    assert beyond[find] == pytest.approx(best[find] + step)
    assert beyond["macs"] > wanted["macs"] or beyond["params"] > wanted["params"]


@pytest.mark.parametrize(
    ("name", "size", "find", "limit", "values"),
    [("image", 32, "batch_size", 3.6 * 2**20, range(3, 7)), ("video", 16, "frames", 2.5 * 2**20, range(6, 9))],
)
def test_the_largest_that_memory_holds(name: str, size: int, find: str, limit: float, values: range) -> None:
    net = made(name, plan="micro", size=size, batch_size=2)
    best, beyond = budget(net, find, Limits(memory=limit), Terms(10, "32-true"))
    peaks = {value: predicted(changed(net, find, value), 10, "32-true").peak for value in values}
    assert best[find] == max(value for value, peak in peaks.items() if peak <= limit)
    assert beyond[find] == best[find] + 1
    assert (best["peak_memory"], best["fits"], beyond["fits"]) == (peaks[best[find]], True, False)
    assert limit < beyond["peak_memory"] <= peaks[beyond[find]]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("image", {"size": 32}),
        ("image", {"size": 32, "head": "pooled", "norm": "none"}),
        ("video", {"frames": 8, "size": 32, "activation": "leaky_relu"}),
        ("audio", {"frequency": "pooled"}),
    ],
)
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_what_is_refused_untried_would_not_have_fitted(name: str, options: dict, precision: str) -> None:
    net = made(name, plan="micro", batch_size=3, **options)
    least = found_row(net, "batch_size", 3, Limits(memory=1), Terms(10, precision))
    assert least["fits"] is False
    assert 0 < least["peak_memory"] <= predicted(net, 10, precision).peak


@pytest.mark.parametrize(
    ("find", "limits", "message"),
    [
        ("depth", {"macs": 1e9}, "find must be one of plan, width, batch_size, size for image, not 'depth'"),
        ("frames", {"macs": 1e9}, "not 'frames'"),
        ("width", {}, "give a limit: macs, params or memory"),
        ("batch_size", {"macs": 1e9}, "find=batch_size needs memory=GIB"),
        ("size", {"macs": 1000}, r"nothing fits: the smallest, size=8, already needs [\d,]+ MACs and"),
        ("plan", {"params": 1000}, "nothing fits: the smallest, plan="),
        ("batch_size", {"memory": 1e6}, r"GiB of memory or more"),
    ],
)
def test_what_cannot_be_found_is_said(find: str, limits: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        budget(made("image", plan="micro"), find, Limits(**limits), TERMS)


def test_a_wrong_recipe_is_no_net_that_is_too_small() -> None:
    net = made("image", plan="micro")
    net.recipe.optimizer = "lion"
    with pytest.raises(ValueError, match=r"recipe.optimizer must be one of sgd, adamw, not 'lion'"):
        budget(net, "size", Limits(memory=2**30), TERMS)


def test_a_limit_that_is_never_reached_is_said() -> None:
    with pytest.raises(ValueError, match="the limit is never reached: it does not grow with frames"):
        budget(made("video", plan="micro"), "frames", Limits(params=1e9), TERMS)


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_without_a_sample_is_refused(batch: int) -> None:
    with pytest.raises(ValueError, match=f"modality.data.batch_size must be 1 or more, got {batch}"):
        budget(made("image", batch_size=batch), "size", Limits(memory=2**30), TERMS)


def test_an_option_that_no_search_would_mend_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="head must be one of fc, pooled, not 'linear'"):
        budget(made("image", head="linear"), "size", Limits(macs=1e9), TERMS)
