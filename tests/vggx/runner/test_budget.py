"""vggx.runner.budget against a search that tries everything."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from vggx import configs, settings
from vggx.cost.growth import with_value
from vggx.cost.ledger import ledger_of, total
from vggx.options import Settings
from vggx.plans import PLANS
from vggx.runner.budget import Limits, budget
from vggx.runner.cost import Terms
from vggx.runner.memory import predicted

TERMS = Terms(10)


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
        ("image", "width", {"macs": 1e9, "params": 9e6}, [round(number / 1000, 3) for number in range(1, 3000)]),
        ("audio", "seconds", {"macs": 3e6}, [round(number / 100, 2) for number in range(1, 700)]),
    ],
)
def test_the_largest_that_fits_and_the_next(name: str, find: str, limits: dict, values: Any) -> None:
    net = made(name, plan="micro")
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
    (best,) = budget(net, "plan", Limits(macs=1e12), TERMS)
    assert best["plan"] == max(PLANS, key=lambda plan: counts(net, "plan", plan)["macs"]) == "E"


def test_the_largest_batch_that_memory_holds() -> None:
    net = made("image", plan="micro", size=32)
    limit = 60 * 2**20
    best, beyond = budget(net, "batch_size", Limits(memory=limit), Terms(10, "32-true"))
    peaks = [predicted(net_of(net, row["batch_size"]), 10, "32-true").peak for row in (best, beyond)]
    assert beyond["batch_size"] == best["batch_size"] + 1
    assert peaks[0] <= limit < peaks[1]
    assert best["peak_memory"] == peaks[0]


def net_of(net: Settings, batch: int) -> Settings:
    return Settings(modality=with_value(net.modality, "batch_size", batch), recipe=net.recipe)


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


def test_a_limit_that_is_never_reached_is_said() -> None:
    with pytest.raises(ValueError, match="no frames reaches this limit"):
        budget(made("video", plan="micro"), "frames", Limits(params=1e9), TERMS)


def test_an_option_that_no_search_would_mend_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="head must be one of fc, pooled, not 'linear'"):
        budget(made("image", head="linear"), "size", Limits(macs=1e9), TERMS)
