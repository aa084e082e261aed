"""settings and a split -> a picture of a batch as the net sees it, with its labels."""

from itertools import islice
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from vggx import tasks
from vggx.data.batch import collate
from vggx.data.listing import SPLITS
from vggx.data.sampler import EpochSampler
from vggx.data.seeds import seeded
from vggx.options import Settings
from vggx.progress import progress
from vggx.report import plots
from vggx.report.sheets import sheet

KINDS = (".png", ".jpg", ".pdf", ".svg")


def preview(settings: Settings, split: str = "train", count: int = 16, output: str = "preview.png") -> dict[str, Any]:
    """Draw samples of a split into a file; see `draw`.

    Returns:
        {split, samples, output, bad_files}: how many samples are drawn, and why each unreadable file is not.

    Raises:
        ValueError: `output` is no kind of picture, or as `draw`.
    """
    if Path(output).suffix.lower() not in KINDS:
        raise ValueError(f"output={output} must end in one of {', '.join(KINDS)}")
    figure, samples, bad = draw(settings, split, count)
    plots.save(figure, Path(output))
    return {"split": split, "samples": samples, "output": output, "bad_files": bad}


def draw(settings: Settings, split: str, count: int) -> tuple[Figure, int, dict[str, str]]:
    """Samples of train are those that a run with this seed begins with, augmented as it does; those of val and test
    are drawn by the same seed, and are as they are evaluated.

    Returns:
        The picture, the number of samples in it, and {path: reason} of the files that could not be read for it.

    Raises:
        ValueError: an unknown or empty split, a count below 1, nothing that can be read, or as the options do.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {split!r}")
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"count must be a number from 1 on, got {count}")
    modality, train = settings.modality, split == "train"
    data = tasks.open_data(modality, settings.task, settings.seed)
    listing = data.find()
    print(f"data: {data.describe()}", flush=True)
    samples = listing.splits[split]
    if not samples:
        raise ValueError(f"the data have no {split} split: {listing.counts()}")
    dataset = data.dataset(split, train=train)
    repeats = data.repeats if train else 1
    keys = list(islice(EpochSampler(len(dataset), seed=settings.seed, shuffle=True, repeats=repeats), count))
    items = [dataset[key] for key in progress(keys, "samples")]
    batch = collate(items)
    if batch.input is None:
        raise ValueError(f"none of these {split} samples can be read; the first: {next(iter(batch.bad.values()))}")
    names = []
    for (_, index), item in zip(keys, items, strict=True):
        if item["input"] is not None:
            _, view, views = dataset.views[index % len(dataset)]
            which = f", view {view + 1} of {views}" if views > 1 else ""
            names.append(
                (
                    data.targets.words(samples[item["file"]].target, listing.classes),
                    Path(samples[item["file"]].path).name + which,
                )
            )
    with seeded(settings.seed):
        panels = modality.module("preview").panels(modality.net, modality.data, batch, train)
    how = f"augmented, seed {settings.seed}" if train else "as evaluated"
    title = f"{modality.name}, {split}: {len(names)} of {len(dataset):,} samples, {how}"
    return sheet(panels, names, title), len(names), batch.bad
