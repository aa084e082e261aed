"""vggx.keys.check: of every type what is taken as it is, and what is refused in which words."""

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from vggx.keys import REQUIRED, Quantity, Several, checked, key
from vggx.keys.check import value_of
from vggx.keys.field import keys_of


@dataclass(kw_only=True)
class Options:
    """One key of each kind."""

    flag: bool = key(False, "a switch")
    count: int = key(REQUIRED, "how many", "samples", least=1)
    seed: int = key(0, "of the draw")
    share: float | None = key(None, "of all", "files", positive=True)
    limit: Quantity | None = key(None, "of one sample", "MACs", positive=True, example="200G")
    how: Literal["dense", "crops"] | None = key(None, "of the two")
    name: str | None = key(None, "of a file", "file")
    class_: str | None = key(None, "of the net's", "class", name="class")
    names: list[str] = key([], "of layers", "names", example="[fc6,head]")
    sides: Several[int] | None = key(None, "short sides", "pixels", least=1, example="[256,384]")
    modes: Several[Literal["train", "infer"]] = key(["train"], "what is timed")
    flags: Several[bool] = key([True], "each in turn")
    rates: Several[float] = key([0.5], "to choose from", positive=True)
    classes: int | list[str] | None = key(None, "of the net", "names", wanted="a number or a list of names")
    noise: bool | float = key(False, "in the place of data", wanted="true, false or a deviation", positive=True)


KEYS = {each.name: each for each in keys_of(Options)}


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("flag", True, True),
        ("count", 1, 1),
        ("seed", -3, -3),
        ("share", None, None),
        ("share", 0.25, 0.25),
        ("limit", 2e11, 2e11),
        ("limit", "200G", 2e11),
        ("limit", "1.5 k", 1500.0),
        ("limit", "5e3M", 5e9),
        ("how", "crops", "crops"),
        ("how", None, None),
        ("name", "a.png", "a.png"),
        ("name", 7, "7"),
        ("class", 1e3, "1000.0"),
        ("names", ["fc6", 4], ["fc6", "4"]),
        ("sides", 256, [256]),
        ("sides", [256, 384], [256, 384]),
        ("sides", None, None),
        ("modes", "infer", ["infer"]),
        ("flags", [True, False], [True, False]),
        ("rates", 3, [3]),
        ("classes", 12, 12),
        ("classes", ["cat", "dog"], ["cat", "dog"]),
        ("noise", True, True),
        ("noise", 60, 60),
    ],
)
def test_a_right_value_is_taken(name: str, value: Any, taken: Any) -> None:
    found = value_of(KEYS[name], value)
    assert (found, type(found)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("flag", "maybe", "flag must be true or false, not maybe"),
        ("flag", 1, "flag must be true or false, not 1"),
        ("flag", None, "flag must be true or false, not null"),
        ("count", 0, "count must be a whole number of samples, 1 or more, not 0"),
        ("count", True, "count must be a whole number of samples, 1 or more, not true"),
        ("count", 2.0, "count must be a whole number of samples, 1 or more, not 2.0"),
        ("count", "many", "count must be a whole number of samples, 1 or more, not many"),
        ("seed", "x", "seed must be a whole number, not x"),
        ("share", 0, "share must be a positive number of files, not 0"),
        ("share", float("inf"), "share must be a positive number of files, not inf"),
        ("share", float("nan"), "share must be a positive number of files, not nan"),
        ("share", "24G", "share must be a positive number of files, not 24G"),
        ("limit", "1..2", "limit must be a positive number of MACs, such as 200G, not 1..2"),
        ("limit", "0G", "limit must be a positive number of MACs, such as 200G, not 0G"),
        ("limit", "3X", "limit must be a positive number of MACs, such as 200G, not 3X"),
        ("how", "dens", "how must be one of dense, crops, not 'dens'"),
        ("how", 3, "how must be one of dense, crops, not 3"),
        ("name", True, "name must be one file, not true"),
        ("name", ["a", "b"], "name must be one file, not [a, b]"),
        ("class", False, "class must be one class, not false"),
        ("names", "fc6", "names must be a list of names, such as [fc6,head], not fc6"),
        ("names", [["fc6"]], "names must be a list of names, such as [fc6,head], not [[fc6]]"),
        ("sides", "wide", "sides must be whole numbers of pixels, 1 or more, such as [256,384], not wide"),
        ("sides", [256, 0], "sides must be whole numbers of pixels, 1 or more, such as [256,384], not [256, 0]"),
        ("modes", ["train", "test"], "modes must be of train, infer, not [train, test]"),
        ("flags", [True, 0], "flags must be true, false or a list of them, not [true, 0]"),
        ("rates", [1, -1], "rates must be positive numbers, not [1, -1]"),
        ("classes", "cat", "classes must be a number or a list of names, not cat"),
        ("classes", True, "classes must be a number or a list of names, not true"),
        ("noise", -1, "noise must be true, false or a deviation, not -1"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        value_of(KEYS[name], value)
    assert str(caught.value) == message


def test_options_are_made_of_values_by_their_names() -> None:
    values = {name: each.default for name, each in KEYS.items()} | {"count": 3, "class": "cat", "sides": 32}
    made = checked(Options, values)
    assert (made.count, made.class_, made.sides, made.modes, made.flag) == (3, "cat", [32], ["train"], False)
    with pytest.raises(ValueError, match="count must be a whole number"):
        checked(Options, values | {"count": "x"})


def test_lists_are_not_shared() -> None:
    first, second = Options(count=1), Options(count=1)
    first.modes.append("infer")
    assert (second.modes, KEYS["modes"].default) == (["train"], ["train"])
