"""vggx.data.seeds: seeds of several parts, and draws of torch and random that leave no trace."""

import random

import numpy as np
import pytest
import torch

from vggx.data.seeds import derive, seeded


def begin(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)


def draw() -> tuple[float, ...]:
    return torch.rand(()).item(), torch.randn(()).item(), random.random(), random.gauss(0, 1)


def test_a_derived_seed_differs_with_every_part() -> None:
    seeds = {derive(a, b, c) for a in range(12) for b in range(12) for c in range(12)}
    assert len(seeds) == 12**3
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert derive(1, 23) != derive(12, 3)
    assert derive(1, 2) != derive(2, 1)


def test_a_derived_seed_is_the_same_in_every_process() -> None:
    # as `printf 0,0,0 | b2sum -l 32` says: a run may be gone on with elsewhere and later
    assert (derive(0, 0, 0), derive(0, 1, 2)) == (0x680CBF32, 0x35413B2E)


def test_draws_inside_hang_on_the_parts_alone() -> None:
    found = []
    for outside in (1, 2):
        begin(outside)
        with seeded(7, 8):
            found.append((draw(), draw()))
    assert found[0] == found[1]
    with seeded(7, 9):
        other = draw()
    assert all(a != b for a, b in zip(found[0][0], other, strict=True))


def test_draws_outside_go_on_as_if_nothing_had_been() -> None:
    begin(3)
    plain = [draw() for _ in range(4)]
    begin(3)
    first = draw()
    with seeded(0):
        draw()
    second = draw()
    with seeded(1), seeded(2):
        draw()
    assert [first, second, draw(), draw()] == plain


def test_states_return_after_an_error() -> None:
    begin(4)
    plain = draw()
    begin(4)
    with pytest.raises(KeyError), seeded(0):
        raise KeyError
    assert draw() == plain


def test_numpys_global_state_is_left_alone() -> None:
    np.random.seed(5)
    plain = np.random.normal(size=2).tolist()
    np.random.seed(5)
    first = np.random.normal()  # the second of the pair waits in the state
    with seeded(0):
        pass
    assert [first, np.random.normal()] == plain
