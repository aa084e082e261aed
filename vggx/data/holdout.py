"""samples -> (kept, held out): a seeded share of every class, or of whole groups."""

import random
from collections import defaultdict
from collections.abc import Sequence

from vggx.data.listing import Listing, Sample
from vggx.data.paths import real_path


def hold_out(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Take out a share of the samples, of every class alike, without tearing a group apart.

    A class of two files or more gives at least one and keeps at least one; so does one of two groups or more. Of groups
    that hold several classes, such as speakers who say every word, a share of all of them is taken.

    Targets that are no classes are not looked at: a share of all the files is taken.

    Raises:
        ValueError: a share outside 0..1, or groups too few to share out.
    """
    if not 0 <= share < 1:
        raise ValueError(f"a share held out must lie in 0 <= share < 1, got {share}")
    units: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        units[sample.group or real_path(sample.path)].append(sample)
    if share > 0 and len(units) == 1 and samples[0].group:
        raise ValueError(f"all {len(samples)} samples are of the group {samples[0].group!r}: none can be held out")
    parts: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name in sorted(units):
        labels = sorted({sample.target for sample in units[name] if isinstance(sample.target, int)})
        parts[tuple(labels) if len(labels) == 1 else ()].append(name)
    draw = random.Random(seed)
    out: set[str] = set()
    for _, names in sorted(parts.items(), key=lambda part: str(part[0])):
        draw.shuffle(names)
        sizes = {name: len(units[name]) for name in names}
        total = sum(sizes.values())
        room = min(max(round(share * total), min(sizes.values())), total - 1) if share > 0 else 0
        for name in names:
            # a group that would take far more than the share, or all there is, stays
            if sizes[name] <= room:
                room -= sizes[name]
                out.update(real_path(sample.path) for sample in units[name])
    held = [real_path(sample.path) in out for sample in samples]
    kept = [sample for sample, away in zip(samples, held, strict=True) if not away]
    return kept, [sample for sample, away in zip(samples, held, strict=True) if away]


def complete(listing: Listing, *, val_share: float, test_share: float, seed: int, split_given: bool) -> None:
    """Fill the splits a data set does not give: validation from train always, test only where no split is given."""
    splits = listing.splits
    if not split_given:
        if not (val_share >= 0 and test_share >= 0 and val_share + test_share < 1):
            raise ValueError(f"val_share={val_share} and test_share={test_share} must be 0 or more, together below 1")
        total = len(splits["train"])
        splits["train"], splits["test"] = hold_out(splits["train"], test_share, seed)
        # both shares are of the whole
        val_share = min(0.99, val_share * total / max(1, len(splits["train"])))
    if not splits["val"]:
        splits["train"], splits["val"] = hold_out(splits["train"], val_share, seed + 1)
