"""samples -> (kept, held out): a seeded share of every class, or of whole groups."""

import os
import random
from collections import defaultdict
from collections.abc import Sequence

from vggx.data.listing import Listing, Sample


def hold_out(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Take out a share of the samples: by group where they have groups, else the same share of every class.

    Every class of two samples or more gives at least one and keeps at least one.

    Raises:
        ValueError: a share outside 0..1, or groups too few to share out.
    """
    if not 0 <= share < 1:
        raise ValueError(f"a share held out must lie in 0 <= share < 1, got {share}")
    draw = random.Random(seed)
    grouped = any(sample.group for sample in samples)
    parts: dict[str | int, list[Sample]] = defaultdict(list)
    for sample in samples:
        parts[sample.group if grouped else sample.label].append(sample)
    out: set[str] = set()
    if grouped:
        names = sorted(map(str, parts))
        draw.shuffle(names)
        if share > 0 and len(names) < 2:
            raise ValueError(f"all {len(samples)} samples are of the group {names[0]!r}: none can be held out")
        wanted = max(round(share * len(samples)), min(map(len, parts.values()))) if share > 0 else 0
        taken = 0
        for name in names:
            # a group that would take far more than the share, or all there is, stays
            if taken + len(parts[name]) <= min(wanted, len(samples) - 1):
                taken += len(parts[name])
                out.update(os.path.realpath(sample.path) for sample in parts[name])
    else:
        for _, members in sorted(parts.items(), key=lambda part: str(part[0])):
            shuffled = sorted({os.path.realpath(sample.path) for sample in members})
            draw.shuffle(shuffled)
            wanted = max(1, round(share * len(shuffled))) if share > 0 else 0
            out.update(shuffled[: min(wanted, len(shuffled) - 1)])
    held = [os.path.realpath(sample.path) in out for sample in samples]
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
