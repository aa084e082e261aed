"""root -> Listing: the field's video data sets as they are distributed, and the embedded moving digits."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from modalities.video import lists, moving_digits
from modalities.video.frame_folder import IMAGES
from vggx.data import sources
from vggx.data.datamodule import Source
from vggx.data.embedded import embedded
from vggx.data.listing import Listing, Sample
from vggx.data.paths import has_ending, media_files, subfolders, walk
from vggx.data.tables import SPLIT_NAMES, read_table
from vggx.data.targets import in_order
from vggx.options import DataOptions

# names that tell what a clip was cut from, which must stay on one side of a split
GROUPS = (
    re.compile(r"v_(.+_g\d+)_c\d+"),  # UCF-101: class, group, clip
    re.compile(r"(.+)_[fuhl]_[cn]m_np\d_(?:fr|ba|le|ri)_(?:bad|med|goo)_\d+"),  # HMDB51: film, class, what is seen
    re.compile(r"(.{11})_\d{6}_\d{6}"),  # Kinetics: id, start, end
)
KINETICS = ("youtube_id", "time_start", "time_end", "split")
# of the CVDF and the crawler; the crawler's, unpadded; whole videos
KINETICS_NAMES = ("{id}_{start:06d}_{end:06d}", "{id}_{start}_{end}", "{id}")


def group_of(path: Path) -> str:
    """What a clip was cut from, where its name tells: a UCF-101 group, an HMDB51 film, a YouTube id; else nothing."""
    found = (pattern.fullmatch(path.stem) for pattern in GROUPS)
    group = next((match[1] for match in found if match), "")
    return group.removesuffix(f"_{path.parent.name}")  # behind HMDB51's film stands the class


def frame_folders(place: Path, extensions: Sequence[str], *, follow_links: bool = False) -> list[Path]:
    """The folders below a place that hold images, each of them a video."""
    tree = walk(place, follow_links=follow_links)
    return [at for at, names in tree if at != place and any(has_ending(name, extensions) for name in names)]


def by_name(root: Path, options: DataOptions, extensions: Sequence[str]) -> dict[str, list[Path]]:
    """The videos below the root by their names without ending; folders of frames where there are no files."""
    found: dict[str, list[Path]] = {}
    for path in media_files(root, extensions, follow_links=options.follow_links):
        found.setdefault(path.stem, []).append(path)
    if not found:
        for path in frame_folders(root, IMAGES, follow_links=options.follow_links):
            found.setdefault(path.name, []).append(path)
    return found


def of_class(videos: Mapping[str, list[Path]], path: Path, place: str, root: Path) -> Path:
    """Where the video `class/name` of a list lies: in a folder of its class, or anywhere if no other has its name.

    Raises:
        ValueError: several have, and none or more than one lies in a folder of its class.
    """
    found = videos.get(path.stem, [])
    own = [video for video in found if video.parent.name == path.parent.name]
    if len(own) != 1 and len(found) > 1:
        raise ValueError(f"{place}: {path} could be any of {', '.join(map(str, own or found))}: keep one")
    return (own or found or [root / path])[0]


@dataclass(frozen=True)
class Entry:
    """What a published list says of one video; `place` is the list and the line."""

    place: str
    split: str
    path: Path
    label: str
    group: str


def listing_of(
    entries: Iterable[Entry], classes: Sequence[str], options: DataOptions, root: Path, notes: Iterable[str] = ()
) -> Listing:
    """The listing of a data set whose lists say the split; what is not there is left out, with a note.

    Raises:
        ValueError: a label that is no class, naming list and line; none of the files is there; or as `finish`.
    """
    listing = Listing(list(options.classes or classes), notes=list(notes))
    numbers = {name: number for number, name in enumerate(listing.classes)}
    for entry in entries:
        # of a class that is not here no file need be: a net trained on a part of the classes is evaluated on that part
        if entry.label not in numbers and entry.path.exists():
            known = ", ".join(listing.classes)
            raise ValueError(f"{entry.place}: label {entry.label!r} is not in the class list: {known}")
        listing.splits[entry.split].append(Sample(str(entry.path), numbers.get(entry.label, -1), entry.group))
    sources.leave_out_missing(listing)
    if not options.classes:
        leave_out_empty(listing)
    return sources.finish(listing, options, root, split_given=True)


def leave_out_empty(listing: Listing) -> None:
    """Take out classes without a file, as there are where only a part of a large data set is at hand, with a note."""
    seen = {sample.target for samples in listing.splits.values() for sample in samples}
    empty = [name for label, name in enumerate(listing.classes) if label not in seen]
    if empty:
        listing.notes.append(f"{len(empty)} classes have no file here and are left out, such as {empty[0]}")
        numbers = {label: number for number, label in enumerate(sorted(seen))}
        listing.classes = [listing.classes[label] for label in numbers]
        for split, samples in listing.splits.items():
            listing.splits[split] = [replace(sample, target=numbers[sample.target]) for sample in samples]


def folder(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    return sources.folder(root, options, extensions, group_of=group_of)


def frames(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """`root/[split/]<class>/<video>/img_00001.jpg`: folders of frames in the place of files."""
    return sources.folder(root, options, IMAGES, find=frame_folders, group_of=group_of)


def place_of(root: Path, options: DataOptions) -> Path:
    """Where the videos lie: the root, or beside the manifest where none is given."""
    return root if options.root or not options.manifest else Path(options.manifest).parent


def kinetics_tables(place: Path) -> list[Path]:
    """A CSV of Kinetics, or those in a folder or in the first of its folders that has any."""
    files = [place] if place.is_file() else lists.beside(place, "*.csv") if place.is_dir() else []
    return [file for file in files if KINETICS[0] in lists.first_line(file).split(",")]


def kinetics(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """Kinetics' train.csv, val.csv and test.csv, or one CSV as the manifest; the videos are known by their names.

    Raises:
        FileNotFoundError: no such CSV.
        ValueError: naming file and line: an unknown split, or a time that is no number; or as `listing_of`.
    """
    files = kinetics_tables(Path(options.manifest or root))
    if not files:
        raise FileNotFoundError(f"{options.manifest or root} has no CSV with the columns label,{','.join(KINETICS)}")
    root = place_of(root, options)
    videos = by_name(root, options, extensions)
    entries, notes = [], []
    for file in files:
        rows = read_table(file, KINETICS)
        labelled = [(f"{file}, line {line}", row) for line, row in rows if row.get("label")]
        if len(labelled) < len(rows):
            notes.append(f"{len(rows) - len(labelled)} rows of {file} have no label and are left out")
        for place, row in labelled:
            split = row["split"].strip().lower()
            if split not in SPLIT_NAMES:
                raise ValueError(f"{place}: split {split!r} is none of {', '.join(SPLIT_NAMES)}")
            names = clip_names(row, place)
            # an id and its times say what is in a file: of two with one name either is right
            path = next((videos[name][0] for name in names if name in videos), root / f"{names[0]}.mp4")
            entries.append(Entry(place, SPLIT_NAMES[split], path, row["label"], row["youtube_id"]))
    return listing_of(entries, in_order(entry.label for entry in entries), options, root, notes)


def clip_names(row: Mapping[str, str], place: str) -> list[str]:
    """The names without ending that a clip of Kinetics may have, the likeliest first.

    Raises:
        ValueError: its times are no numbers.
    """
    try:
        start, end = (int(float(row[name])) for name in ("time_start", "time_end"))
    except ValueError as error:
        raise ValueError(f"{place}: a time is not a number: {error}") from error
    return [name.format(id=row["youtube_id"], start=start, end=end) for name in KINETICS_NAMES]


def ucf101_lines(file: Path) -> Iterator[tuple[str, str, Path]]:
    """trainlist0N.txt and testlist0N.txt -> (place, split, class/name); behind a name may stand its class's number."""
    for line, text in lists.read_lines(file):
        yield f"{file}, line {line}", str(lists.split_of(file)), Path(text.split()[0])


def hmdb51_lines(file: Path) -> Iterator[tuple[str, str, Path]]:
    """<class>_test_splitN.txt -> (place, split, class/name) of the files that are in one.

    Raises:
        ValueError: a line that is not a name and 0 (not used), 1 (train) or 2 (test).
    """
    splits = {"1": "train", "2": "test"}
    for line, text in lists.read_lines(file):
        name, _, number = text.rpartition(" ")
        if number not in ("0", *splits):
            raise ValueError(f"{file}, line {line}: {text!r} is not a name and 0, 1 or 2")
        if number in splits:
            yield f"{file}, line {line}", splits[number], Path(file.name.partition("_test_split")[0], name)


# data sets with official splits, one of which is to be chosen: their lists, and how one is read
OFFICIAL = {"ucf101": ("t*list0[1-9].txt", ucf101_lines), "hmdb51": ("*_test_split[1-9].txt", hmdb51_lines)}


def official(name: str, root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """A data set of `OFFICIAL`: `modality.data.fold` is the number of the split.

    Raises:
        FileNotFoundError: no such lists.
        ValueError: no fold is chosen, or as `listing_of`.
    """
    pattern, read = OFFICIAL[name]
    files = lists.of_fold(lists.beside(root, pattern), options)
    if not files:
        raise FileNotFoundError(f"{root} has no {pattern}, nor has a folder in it: these are the lists of {name}")
    videos = by_name(root, options, extensions)
    entries = [
        Entry(place, split, of_class(videos, path, place, root), path.parent.name, group_of(path))
        for file in files
        for place, split, path in read(file)
    ]
    class_file = lists.class_file([files[0].parent])
    classes = lists.read_classes(class_file)[0] if class_file else in_order(entry.label for entry in entries)
    return listing_of(entries, classes, options, root)


def listed(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """A list for each split, its lines "path label" or, for folders of frames, "folder frames label".

    Paths are relative to the root, a folder in it or the list; labels are names, or numbers of names in a class file.

    Raises:
        FileNotFoundError: no list of training files.
        ValueError: naming list and line: no label, several, or one that is no class; or as `listing_of`.
    """
    files = lists.split_lists(Path(options.manifest or root), options)
    root = place_of(root, options)
    places = [root, files["train"].parent, *subfolders(root)]
    entries = {split: list_entries(split, file, places, extensions) for split, file in files.items()}
    notes = []
    if "val" in files and {e.path for e in entries["val"]} == {e.path for e in entries.get("test", [])}:
        notes.append(f"{files['test']} lists the files of {files['val'].name}: they are validation, there is no test")
        del entries["test"]
    everything = [entry for part in entries.values() for entry in part]
    labels = {entry.label for entry in everything}
    class_file = lists.class_file(places)
    names, first = lists.read_classes(class_file) if class_file else (list(options.classes or in_order(labels)), 0)
    if first == 1 and "0" not in labels and str(len(names)) not in labels and any(map(str.isdecimal, labels)):
        # with neither the first nor the last number seen, the list might count either way
        notes.append(f"labels are taken to count from 1, as {class_file} does: label 1 is {names[0]}")
    name_of = lists.names_by_label(labels, names, first)
    everything = [replace(entry, label=name_of.get(entry.label, entry.label)) for entry in everything]
    return listing_of(everything, names, options, root, notes)


def list_entries(split: str, file: Path, places: Sequence[Path], extensions: Sequence[str]) -> list[Entry]:
    """The entries of a list, below the place where most of its paths lie; of two alike, the one named as the split."""
    lines = [(f"{file}, line {line}", text) for line, text in lists.read_lines(file)]
    found = [(place, *lists.path_and_label(text, extensions, place)) for place, text in lines]
    probe = [path for _, path, _ in found[:: 1 + len(found) // 100]]  # to try them all in every place would take long
    hits = {place: sum((place / path).exists() for path in probe) for place in places}
    base = max(places, key=lambda place: (hits[place], lists.split_of(place) == split))
    return [Entry(place, split, base / path, label, group_of(Path(path))) for place, path, label in found]


def embedded_moving_digits(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    return sources.folder(embedded("moving_digits-1", moving_digits.write), options, extensions)


SOURCES: dict[str, Source] = {
    "folder": folder,
    "frames": frames,
    "list": listed,
    "kinetics": kinetics,
    **{name: partial(official, name) for name in OFFICIAL},
    "moving_digits": embedded_moving_digits,
}


def recognise(root: Path | None, options: DataOptions, extensions: Sequence[str]) -> str | None:
    """The source of a root or a manifest, by the files that it alone has; None where it is not one of these."""
    if options.manifest:
        place = Path(options.manifest)
        if kinetics_tables(place):
            return "kinetics"
        return "list" if place.is_dir() or place.suffix == ".txt" else None
    if root is None or (root / sources.MANIFEST).is_file():
        return None
    for name, (pattern, _) in OFFICIAL.items():
        if lists.beside(root, pattern):
            return name
    if kinetics_tables(root):
        return "kinetics"
    if lists.lists_videos(lists.with_training(root), extensions):
        return "list"
    return "frames" if holds_frames(root, options, extensions) else None


def holds_frames(root: Path, options: DataOptions, extensions: Sequence[str]) -> bool:
    """Whether images lie two folders down or deeper, as in `class/video/image`, before any video is met."""
    for place, names in walk(root, follow_links=options.follow_links):
        if any(has_ending(name, extensions) for name in names):
            return False
        if len(place.relative_to(root).parts) > 1 and any(has_ending(name, IMAGES) for name in names):
            return True
    return False
