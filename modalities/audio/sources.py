"""root -> Listing: the field's sound data sets as they are distributed, and the embedded tones."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from modalities.audio import tones
from vggx.data import sources
from vggx.data.datamodule import Source
from vggx.data.embedded import embedded
from vggx.data.listing import Listing, Sample
from vggx.data.paths import media_files, subfolders
from vggx.data.tables import Columns, table
from vggx.data.targets import Targets, class_list
from vggx.options import DataOptions

# data sets that are a CSV of folds beside a folder of sounds: where the CSV lies, and what its columns say
TABLES = {
    "esc50": (
        "meta/esc50.csv",
        Columns(path="audio/{filename}", label="category", split=None, group="src_file", order="target"),
    ),
    "urbansound8k": (
        "metadata/UrbanSound8K.csv",
        Columns(path="audio/fold{fold}/{slice_file_name}", label="class", split=None, group="fsID", order="classID"),
    ),
}
# Speech Commands: the lists beside its folders of words; what is in none of them is for training
LISTS = {"val": "validation_list.txt", "test": "testing_list.txt"}
NOISE = "_background_noise_"  # minutes of noise to mix in, no word
SPEAKER_ENDS = "_nohash_"

MARKS = {name: file for name, (file, _) in TABLES.items()} | {"speech_commands": LISTS["test"]}


def folds_of_table(
    file: str,
    columns: Columns,
    root: Path,
    options: DataOptions,
    extensions: Sequence[str],
    *,
    targets: Targets | None = None,
) -> Listing:
    """A data set of `TABLES`: `modality.data.fold` is the test split, validation comes from the other folds.

    Raises:
        ValueError: no fold is chosen, none of the files is there, or as `table` and `finish`.
    """
    listing = table(root / file, root, options, columns, targets)
    sources.leave_out_missing(listing)
    return sources.finish(listing, options, root, split_given=True)


def speech_commands(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """Speech Commands, version 1 or 2: a folder per word, and the lists of its validation and test files.

    Raises:
        FileNotFoundError: a list is not there.
        ValueError: no folders of words, or as `finish`.
    """
    listed = {name: split for split, file in LISTS.items() for name in read_list(root / file)}
    words = [place for place in subfolders(root) if place.name != NOISE]
    listing = Listing(class_list(options, (place.name for place in words), root))
    for place in words:
        if place.name not in listing.classes:
            raise ValueError(f"{place} is a class that is not in the class list: {', '.join(listing.classes)}")
        for path in media_files(place, extensions, follow_links=options.follow_links):
            split = listed.pop(f"{place.name}/{path.name}", "train")
            speaker = path.name.partition(SPEAKER_ENDS)[0]
            listing.splits[split].append(Sample(str(path), listing.classes.index(place.name), speaker))
    if listed:
        first = min(listed)
        listing.notes.append(f"{len(listed)} of the files that the lists name are missing, such as {root / first}")
    return sources.finish(listing, options, root, split_given=True)


def read_list(file: Path) -> list[str]:
    """The lines of a list, one file in each: `bed/0c40e715_nohash_0.wav`."""
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist: Speech Commands has {' and '.join(LISTS.values())}")
    return file.read_text(encoding="utf-8").split()


def embedded_tones(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    return sources.folder(embedded("tones-1", tones.write), options, extensions)


SOURCES: dict[str, Source] = {
    **{name: partial(folds_of_table, *where) for name, where in TABLES.items()},
    "speech_commands": speech_commands,
    "tones": embedded_tones,
}


def recognise(root: Path) -> str | None:
    """The data set that lies in a folder, by a file that it alone has."""
    return next((name for name, file in MARKS.items() if (root / file).is_file()), None)
