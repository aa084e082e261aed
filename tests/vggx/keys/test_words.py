"""vggx.keys.words: values as a user types them."""

from typing import Any, Literal

import pytest

from vggx.keys import Several, as_typed, choices
from vggx.keys.words import is_list, is_text


@pytest.mark.parametrize(
    ("value", "typed"),
    [(None, "null"), (True, "true"), (0.5, "0.5"), ("a b", "a b"), ([1, None, "x", [False]], "[1, null, x, [false]]")],
)
def test_as_typed(value: Any, typed: str) -> None:
    assert as_typed(value) == typed
    assert as_typed("x", Literal["y"]) == "'x'"


@pytest.mark.parametrize(
    ("kind", "words", "text", "several"),
    [
        (str, (), True, False),
        (str | None, (), True, False),
        (Several[str], (), True, True),
        (list[str] | None, (), True, True),
        (Literal["a", "b"] | None, ("a", "b"), False, False),
        (Several[Literal["a", "b"]], ("a", "b"), False, True),
        (int | list[str] | None, (), False, False),
        (float, (), False, False),
    ],
)
def test_what_a_type_tells(kind: Any, words: tuple[str, ...], text: bool, several: bool) -> None:
    assert (choices(kind), is_text(kind), is_list(kind)) == (words, text, several)
