"""Folders as data sets are distributed, of files that are never read, and what is listed of them."""

from collections import defaultdict
from pathlib import Path

from modalities.video.data import open_data
from modalities.video.options import Data
from vggx.data.listing import SPLITS, Listing


def make(root: Path, *names: str) -> None:
    """Files that are only listed, never read."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def write(file: Path, *lines: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    return file


def listed(root: Path | None, **options: object) -> tuple[str, Listing]:
    """The source that is guessed, and what it lists."""
    given = {"frames": 2, "frame_stride": 1, "size": 8, "crop_scale": [1.0, 1.0], "val_share": 0.0, **options}
    data = open_data(Data(root=None if root is None else str(root), **given), 0)
    listing = data.find()
    return data.source, listing


def content(listing: Listing, root: Path) -> dict[str, set[tuple[str, str]]]:
    """{split: {(path below the root, class)}}"""
    return {
        split: {(Path(s.path).relative_to(root).as_posix(), listing.classes[s.target]) for s in listing.splits[split]}
        for split in SPLITS
    }


def sides(listing: Listing) -> dict[str, set[str]]:
    """{group: the splits it stands in}"""
    found = defaultdict(set)
    for split in SPLITS:
        for sample in listing.splits[split]:
            found[sample.group].add(split)
    return found
