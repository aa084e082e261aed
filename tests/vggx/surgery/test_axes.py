"""vggx.surgery.axes: kernels with an axis more or less, by what they do to an input that is the same all along it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from vggx.surgery.axes import RULES, lift, lower

SIZES = st.sampled_from([1, 3, 5, 7, 9])
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def test_center_by_hand() -> None:
    kernel = torch.tensor([[[1.0, 2.0, 3.0]]])
    assert lift(kernel, 3, "center").tolist() == [[[[0, 0, 0], [1, 2, 3], [0, 0, 0]]]]
    assert lift(kernel, 1, "center").tolist() == [[[[1, 2, 3]]]]


def test_mean_by_hand() -> None:
    kernel = torch.tensor([[[3.0, 6.0, 9.0]]])
    assert lift(kernel, 3, "mean").tolist() == [[[[1, 2, 3]] * 3]]


def test_lower_is_the_sum_along_the_first_axis_and_not_the_mean() -> None:
    assert lower(torch.tensor([[[[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]]]])).tolist() == [[[111, 222]]]


@given(size=SIZES, dims=st.sampled_from([1, 2]), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_center_there_and_back_is_the_identity_to_the_last_bit(size: int, dims: int, seed: int) -> None:
    kernel = torch.randn(4, 3, *(3,) * dims, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(lower(lift(kernel, size, "center")), kernel)
    torch.testing.assert_close(lower(lift(kernel, size, "mean")), kernel)


@given(size=SIZES, rule=st.sampled_from(list(RULES)), dims=st.sampled_from([1, 2]), length=st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_a_still_input_gives_the_narrow_answer_everywhere_if_the_border_is_repeated(
    size: int, rule: str, dims: int, length: int
) -> None:
    generator = torch.Generator().manual_seed(size * length)
    kernel = torch.randn(5, 2, *(3,) * dims, generator=generator)
    x = torch.randn(1, 2, *(6,) * dims, generator=generator)
    narrow = CONV[dims](x, kernel)
    still = x.unsqueeze(2).expand(-1, -1, length + size - 1, *x.shape[2:])  # with size // 2 repeated on both sides
    wide = CONV[dims + 1](still, lift(kernel, size, rule))
    assert wide.shape[2] == length
    for step in wide.unbind(2):
        torch.testing.assert_close(step, narrow, atol=1e-5, rtol=1e-5)


def test_mean_with_zeros_beyond_the_ends_loses_a_third_there_and_center_nothing() -> None:
    x, kernel = torch.ones(1, 1, 5, 1), torch.ones(1, 1, 1)
    ends = {rule: F.conv2d(x, lift(kernel, 3, rule), padding=(1, 0)).flatten().tolist() for rule in RULES}
    assert ends["center"] == [1, 1, 1, 1, 1]
    assert ends["mean"] == pytest.approx([2 / 3, 1, 1, 1, 2 / 3])


@pytest.mark.parametrize("size", [0, 2, 4, -1])
def test_a_size_without_a_middle_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=rf"a kernel of {size} along the new axis has no middle"):
        lift(torch.ones(1, 1, 3), size, "center")


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="init must be one of center, mean, not 'median'"):
        lift(torch.ones(1, 1, 3), 3, "median")
