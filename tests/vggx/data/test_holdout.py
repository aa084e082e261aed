"""vggx.data.holdout: whatever the samples, what is held out is a share of each class or whole groups."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vggx.data.holdout import complete, hold_out
from vggx.data.listing import Listing, Sample

counts = st.lists(st.integers(1, 30), min_size=1, max_size=6)
shares = st.floats(0, 0.99)
seeds = st.integers(0, 1000)


def samples(per_class: list[int]) -> list[Sample]:
    return [Sample(f"{label}/{number:03d}", label) for label, count in enumerate(per_class) for number in range(count)]


def groups(sizes: list[int]) -> list[Sample]:
    return [Sample(f"{g}/{n:03d}", n % 3, f"g{g}") for g, size in enumerate(sizes) for n in range(size)]


@settings(deadline=None)
@given(counts, shares, seeds)
def test_a_share_of_every_class(per_class: list[int], share: float, seed: int) -> None:
    everything = samples(per_class)
    kept, out = hold_out(everything, share, seed)
    assert [s for s in everything if s in set(kept)] == kept  # in order, and each once
    assert sorted([*kept, *out], key=lambda s: s.path) == everything
    of_class = Counter(s.target for s in out)
    for label, count in enumerate(per_class):
        if share == 0 or count == 1:
            assert of_class[label] == 0
        else:
            assert 1 <= of_class[label] <= count - 1
            assert abs(of_class[label] - share * count) <= 1


@settings(deadline=None)
@given(counts, st.floats(0.01, 0.99), seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(per_class: list[int], share: float, seed: int, random: object) -> None:
    everything = samples(per_class)
    shuffled = everything[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(hold_out(everything, share, seed)[1]) == set(hold_out(shuffled, share, seed)[1])


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=8), st.floats(0.01, 0.99), seeds)
def test_groups_stay_whole_and_one_is_kept(sizes: list[int], share: float, seed: int) -> None:
    everything = groups(sizes)
    kept, out = hold_out(everything, share, seed)
    assert {s.group for s in kept}.isdisjoint(s.group for s in out)
    assert len(kept) + len(out) == len(everything)
    assert kept


def test_small_groups_come_near_the_share() -> None:
    everything = groups([5] * 40)
    for seed in range(20):
        _, out = hold_out(everything, 0.15, seed)
        assert len(out) == 30


def test_a_group_of_most_samples_is_not_held_out() -> None:
    everything = groups([900, 50, 50, 50])
    for seed in range(10):
        kept, out = hold_out(everything, 0.15, seed)
        assert 0 < len(out) < len(kept)


def test_groups_that_differ_in_their_classes_are_shared_out_together() -> None:
    """No two of 20 speakers say the same words, so that a share of each kind of them alone would be none."""
    everything = [Sample(f"{g}/{n}", (g * (n + 1)) % 23, f"g{g}") for g in range(1, 21) for n in range(4)]
    kinds = {tuple(sorted({s.target for s in everything if s.group == f"g{g}"})) for g in range(1, 21)}
    assert len(kinds) == 20
    for seed in range(10):
        assert len(hold_out(everything, 0.25, seed)[1]) == 20


def test_seeds_differ() -> None:
    everything = samples([50, 50])
    held = [tuple(hold_out(everything, 0.2, seed)[1]) for seed in range(5)]
    assert len(set(held)) == 5
    assert held[3] == tuple(hold_out(everything, 0.2, 3)[1])


@pytest.mark.parametrize("share", [-0.1, 1.0, 15, float("nan")])
def test_a_share_outside_of_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in 0 <= share < 1, got"):
        hold_out(samples([4]), share, 0)


def test_both_shares_are_of_the_whole() -> None:
    listing = Listing(["a", "b"])
    listing.splits["train"] = samples([100, 200])
    complete(listing, val_share=0.15, test_share=0.15, seed=0, split_given=False)
    assert {split: len(found) for split, found in listing.splits.items()} == {"train": 210, "val": 45, "test": 45}


def test_a_given_validation_split_is_left_alone() -> None:
    listing = Listing(["a"])
    listing.splits["train"], listing.splits["val"] = samples([10]), [Sample("other", 0)]
    complete(listing, val_share=0.5, test_share=0.5, seed=0, split_given=True)
    assert {split: len(found) for split, found in listing.splits.items()} == {"train": 10, "val": 1, "test": 0}


def test_the_draw_of_a_seed_stays_what_it_was() -> None:
    """A test file of a run that is evaluated years later must not have been one of training."""
    listing = Listing(["a", "b"])
    listing.splits["train"] = samples([10, 10])
    complete(listing, val_share=0.2, test_share=0.2, seed=3, split_given=False)
    assert [s.path for s in listing.splits["test"]] == ["0/001", "0/005", "1/000", "1/002"]
    assert [s.path for s in listing.splits["val"]] == ["0/002", "0/008", "1/007", "1/009"]
