"""vggx.keys: a command as plain data, the config that Hydra composes of it, and one call of it."""

from dataclasses import dataclass
from typing import Any

import pytest

from vggx.keys import NEEDED, REQUIRED, Command, Job, Rows, key, keys_of


@dataclass(kw_only=True)
class Options(Rows):
    """Two keys and those of rows."""

    target: str = key(REQUIRED, "where to", "folder")
    sides: list[int] = key([1, 2], "of pictures", "pixels")


def test_own_keys_come_first() -> None:
    assert [each.name for each in keys_of(Options)] == ["target", "sides", "format", "output"]


@pytest.mark.parametrize(
    ("groups", "defaults"),
    [
        ({}, ["_self_", "hydra_settings"]),
        ({"device": None}, ["_self_", {"device": None}, "hydra_settings"]),
        (
            {"modality": NEEDED, "experiment": None, "recipe": "default"},
            # a past run's values stand over all that is packaged, an experiment's over these
            ["_self_", {"modality": "???"}, {"recipe": "default"}, {"past": None}, {"experiment": None},
             "hydra_settings"],
        ),
    ],
)  # fmt: skip
def test_its_config(groups: dict[str, Any], defaults: list[Any]) -> None:
    command = Command(purpose="p", options=Options, groups=groups, examples=["x"])
    own = {"target": "???", "sides": [1, 2], "format": "table", "output": None}
    assert command.defaults() == own
    assert command.config() == {"defaults": defaults, **own}


def test_a_table_is_no_file() -> None:
    with pytest.raises(ValueError, match="output=FILE goes with format=json, csv or markdown"):
        Rows(output="x.csv")
    assert Rows(output="x.csv", format="csv").output == "x.csv"


def test_jobs_of_a_sweep_number_their_files() -> None:
    alone, fourth = Job(config={}), Job(config={}, number=3)
    assert (alone.numbered("a/costs.csv"), alone.numbered(None)) == ("a/costs.csv", None)
    assert (fourth.numbered("a/costs.csv"), fourth.numbered("folder")) == ("a/costs-3.csv", "folder-3")
    assert fourth.numbered(None) is None
