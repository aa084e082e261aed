"""root -> Listing: a folder per class, or a CSV manifest; the two sources that every modality reads."""

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from vggx.data import holdout
from vggx.data.listing import SPLITS, Listing, Sample
from vggx.data.paths import check_inside, check_name, media_files, real_path, subfolders
from vggx.data.tables import SPLIT_NAMES, Columns, table
from vggx.data.targets import Targets, class_list
from vggx.options import DataOptions

MANIFEST = "labels.csv"


def folder(
    root: Path,
    options: DataOptions,
    extensions: Sequence[str],
    *,
    find: Callable[..., list[Path]] = media_files,
    group_of: Callable[[Path], str] = lambda path: "",
) -> Listing:
    """`root/{train,val,test}/<class>/...` as given, or `root/<class>/...` split by seed.

    Args:
        find: what the samples of a class are; called as `media_files` is.
        group_of: a sample's group, where its path tells it.

    Raises:
        ValueError: no class folders, a class without a file, or a class that training does not know.
    """
    given: dict[str, Path] = {}
    for path in subfolders(root):
        if path.name.lower() in SPLIT_NAMES:
            other = given.setdefault(SPLIT_NAMES[path.name.lower()], path)
            if other is not path:
                raise ValueError(f"{root} has both {other.name} and {path.name}: one folder for each split")
    if given and "train" not in given:
        raise ValueError(f"{root} has {', '.join(sorted(p.name for p in given.values()))} but no train folder")
    parts = given or {"train": root}
    names = class_list(options, (path.name for path in subfolders(parts["train"])), parts["train"])
    listing = Listing(names)
    for split, place in parts.items():
        for path in subfolders(place):
            files = find(path, extensions, follow_links=options.follow_links)
            if path.name not in names:
                raise ValueError(f"{path} is a class that is not in the class list: {', '.join(names)}")
            if not files:
                raise ValueError(f"class {path.name!r} is empty: {path} has no file ending in {' '.join(extensions)}")
            listing.splits[split] += [Sample(str(file), names.index(path.name), group_of(file)) for file in files]
    return finish(listing, options, root, split_given=bool(given))


def manifest(root: Path, options: DataOptions, extensions: Sequence[str], *, targets: Targets | None = None) -> Listing:
    """A CSV with the columns path, label and, as wanted, split, fold, group, start and end; paths are relative to it.

    Args:
        targets: what its labels become, as of `table`.

    Raises:
        ValueError: as `table` and `finish`; or none of the files exists.
    """
    file = Path(options.manifest) if options.manifest else root / MANIFEST
    listing = table(file, file.parent, options, Columns(fold=options.fold_column, times=("start", "end")), targets)
    everything = [sample.path for split in SPLITS for sample in listing.splits[split]]
    if not any(map(os.path.exists, everything)):
        raise ValueError(f"none of the {len(everything)} files of {file} exists, such as {everything[0]}")
    # no test rows, no test: what an author lists as training data is not taken for it
    return finish(listing, options, Path(options.root) if options.root else file.parent, split_given=True)


SOURCES: dict[str, Callable[..., Listing]] = {"folder": folder, "manifest": manifest}


def guess(root: Path | None, options: DataOptions) -> str:
    """The source of a root that names none: a manifest if there is one, else a folder per class."""
    if options.manifest or (root is not None and (root / MANIFEST).is_file()):
        return "manifest"
    return "folder"


def finish(listing: Listing, options: DataOptions, root: Path, *, split_given: bool) -> Listing:
    """What every listing of files goes through last: its places and names are checked, and its splits filled.

    Raises:
        ValueError: a file in two splits, outside of the root, or with a name that is not text; or no training files.
    """
    paths = [sample.path for split in SPLITS for sample in listing.splits[split]]
    for path in paths:
        check_name(path)
    if not options.follow_links:
        check_inside(paths, root)
    check_apart(listing)
    note_broken_groups(listing)
    fill(listing, options, split_given=split_given)
    return listing


def leave_out_missing(listing: Listing) -> None:
    """Take out the files that a published list names and that are not there, with a note of how many.

    Raises:
        ValueError: none of them is there.
    """
    missing: list[str] = []
    for split, samples in listing.splits.items():
        missing += [sample.path for sample in samples if not os.path.exists(sample.path)]
        listing.splits[split] = [sample for sample in samples if os.path.exists(sample.path)]
    kept = sum(map(len, listing.splits.values()))
    if missing and not kept:
        raise ValueError(f"none of the {len(missing)} files listed is there, such as {missing[0]}")
    if missing:
        listing.notes.append(
            f"{len(missing)} of the {kept + len(missing)} files listed are missing and left out, such as {missing[0]}"
        )


def fill(listing: Listing, options: DataOptions, *, split_given: bool) -> None:
    if not listing.splits["train"]:
        raise ValueError("the data set has no training samples")
    shares = {"val_share": options.val_share, "test_share": options.test_share}
    holdout.complete(listing, **shares, seed=options.split_seed, split_given=split_given)


def check_apart(listing: Listing) -> None:
    """Refuse a file that stands in two splits, also under two names; segments of one may, where they do not overlap."""
    seen: dict[str, list[tuple[str, Sample]]] = {}
    for split in SPLITS:
        for sample in listing.splits[split]:
            others = seen.setdefault(real_path(sample.path), [])
            for other, before in others if sample.is_segment else others[:1]:
                if other != split and overlap(sample, before):
                    raise ValueError(f"{sample.name} is in both {other} and {split}: a file may be in one split only")
            others.append((split, sample))


def overlap(one: Sample, other: Sample) -> bool:
    """Whether two samples of a file have a moment in common."""
    ends = (math.inf if sample.end is None else sample.end for sample in (one, other))
    return max(one.start or 0, other.start or 0) < min(ends)


def note_broken_groups(listing: Listing) -> None:
    """Point out groups that a given split tears apart: what is learned of them in training is not new in the test."""
    of_split = {split: {sample.group for sample in listing.splits[split]} - {""} for split in SPLITS}
    for split in ("val", "test"):
        torn = sorted(of_split["train"] & of_split[split])
        if torn:
            listing.notes.append(
                f"groups that stand in both train and {split}: {len(torn)}, such as {torn[0]}; "
                f"the {split} figures will be too good"
            )
