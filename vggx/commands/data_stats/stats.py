"""settings -> what a data set holds: files by split and class, what their headers say, the net's input in figures."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from vggx import tasks
from vggx.data.batch import noting
from vggx.data.colours import principal_colours
from vggx.data.listing import SPLITS, BadFile, Listing
from vggx.data.statistics import MEASURING, Moments, input_moments
from vggx.options import Settings
from vggx.progress import progress

Row = dict[str, Any]


def stats(settings: Settings, *, measured: bool = True) -> tuple[dict[str, Any], list[Row]]:
    """Look at every file of all splits.

    Of all files the header is read; of the training files also what is in them, where mean and standard deviation of
    the net's input are `measured`, so that damage behind the header shows there alone.

    Returns:
        Plain values {modality, root, source, files, classes, targets, numbers, words, input, unreadable,
        groups_on_both_sides, notes}: `files` by split; `classes` counts the files of each, or describes each number
        that is learned, and `targets` says in words what is learned; `input` is {mean, std} with a value for each
        channel, of RGB also {rgb_covariance, principal_colours} for values of 0..1, or None; the others from `classes`
        on are lists of rows, those of `numbers` and `words` of what the modality's headers say.
        And a row for each file: {path, split, class, group, <what its header says>, error}.

    Raises:
        ValueError, FileNotFoundError: as the options and the source do.
    """
    modality = settings.modality
    modality.data.on_error = "skip"  # all unreadable files are to be named, not the first
    data = tasks.open_data(modality, settings.task, settings.seed)
    listing = data.find()
    if measured:
        modality.net.normalize = "dataset"
        modality.net.mean = modality.net.std = None
        net = modality.build(len(listing.classes))  # refuses options that do not fit before all files are read
    facts = modality.module("facts").facts
    samples = [(split, sample) for split in SPLITS for sample in listing.splits[split]]
    found: list[Row] = []
    bad: dict[str, str] = {}
    for _, sample in progress(samples, "headers of all files"):
        try:
            found.append(facts(data, sample))
        except BadFile as error:
            found.append({})
            bad[sample.path] = str(error)
    notes = list(listing.notes)
    figures = None
    if measured:
        batches = progress(data.loader(data.dataset("train")), MEASURING)
        try:
            figures = in_figures(input_moments(net, noting(batches, bad)), colours=modality.net.PIXELS)
        except ValueError as error:
            notes.append(f"mean and standard deviation cannot be measured: {error}")
    unreadable = [(split, sample.path) for split, sample in samples if sample.path in bad]
    summary = {
        "modality": modality.name,
        "root": modality.data.manifest or modality.data.root,
        "source": data.source,
        "files": {split: len(listing.splits[split]) for split in SPLITS},
        "classes": data.targets.spread(listing),
        "targets": data.targets.counted(listing.classes),
        "numbers": numbers(found),
        "words": words(found),
        "input": figures,
        "unreadable": [{"split": split, "path": path, "reason": bad[path]} for split, path in unreadable],
        "groups_on_both_sides": torn_groups(listing),
        "notes": notes,
    }
    names = list(dict.fromkeys(name for facts in found for name in facts))
    rows = [
        {
            "path": sample.path,
            "split": split,
            "class": data.targets.words(sample.target, listing.classes),
            "group": sample.group,
            **{name: facts.get(name) for name in names},
            "error": bad.get(sample.path),
        }
        for (split, sample), facts in zip(samples, found, strict=True)
    ]
    return summary, rows


def in_figures(found: Moments, *, colours: bool) -> dict[str, Any]:
    """Of three channels that are colours also their covariance and its principal components, the greatest first."""
    figures: dict[str, Any] = {"mean": found.mean, "std": found.std}
    if colours and len(found.mean) == 3:
        values, vectors = principal_colours(found.covariance)
        figures["rgb_covariance"] = found.covariance
        figures["principal_colours"] = [
            {"variance": value, "rgb": vector}
            for value, vector in zip(values.tolist(), vectors.T.tolist(), strict=True)
        ]
    return figures


def torn_groups(listing: Listing) -> list[Row]:
    """The groups that have samples in more than one split, with how many in each."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for split in SPLITS:
        for sample in listing.splits[split]:
            counts[sample.group][split] += 1
    return [
        {"group": group, **{split: counts[group][split] for split in SPLITS}}
        for group in sorted(counts)
        if group and len(counts[group]) > 1
    ]


def columns(found: Sequence[Row]) -> dict[str, list[Any]]:
    """What the headers say, by name."""
    values: dict[str, list[Any]] = defaultdict(list)
    for facts in found:
        for name, value in facts.items():
            if value is not None:
                values[name].append(value)
    return values


def numbers(found: Sequence[Row]) -> list[Row]:
    """Least, median, mean and greatest of what is a number in the headers."""
    return [
        {"fact": name, "min": min(values), "median": median(values), "mean": fmean(values), "max": max(values)}
        for name, values in columns(found).items()
        if not isinstance(values[0], str)
    ]


def words(found: Sequence[Row]) -> list[Row]:
    """How many files, and what share of all whose header can be read, say each word; the most frequent first."""
    readable = sum(bool(facts) for facts in found)
    return [
        {"fact": name, "value": word, "files": count, "share": count / readable}
        for name, values in columns(found).items()
        if isinstance(values[0], str)
        for word, count in Counter(values).most_common()
    ]
