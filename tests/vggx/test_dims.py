"""vggx.dims: what is said by axis, without torch."""

import pytest

from vggx import dims as words


def test_per_axis_repeats_a_number_and_keeps_a_tuple() -> None:
    assert words.per_axis(3, 2) == (3, 3)
    assert words.per_axis([1, 2, 2], 3) == (1, 2, 2)


def test_per_axis_names_the_axes_it_wants_values_for() -> None:
    with pytest.raises(ValueError, match=r"3 spatial axes need 3 values.*'time', 'height', 'width'.*\(2, 2\)"):
        words.per_axis((2, 2), 3)


@pytest.mark.parametrize("dims", [0, 4, "2"])
def test_other_numbers_of_axes_are_refused(dims: int) -> None:
    with pytest.raises(ValueError, match="dims must be 1, 2 or 3, not"):
        words.check_dims(dims)


def test_product() -> None:
    assert words.product([2, 3, 4]) == 24
    assert words.product([]) == 1
