"""a net as it is + a data set -> the accuracy of a linear support vector machine on its penultimate activations.

Source: appendix B of the paper: averaged over places, mirror image and scales, of length 1, then a linear SVM. C is
chosen by cross-validation among the training files, on which alone the machine is fitted, not on validation files too.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning import seed_everything
from sklearn.metrics import recall_score

from vggx import tasks
from vggx.data.datamodule import SplitData
from vggx.data.listing import Listing, Sample
from vggx.data.skipped import SkippedFiles
from vggx.data.statistics import MEASURING, measure
from vggx.evaluate import svm
from vggx.evaluate.measures import macro_f1
from vggx.evaluate.protocol import Protocol, asked
from vggx.inference.features import FeatureExtractor
from vggx.options import Settings
from vggx.progress import progress, waiting
from vggx.report import linear as report
from vggx.runner.device import set_up
from vggx.runner.inherit import inherit
from vggx.runner.nets import Trained, capabilities, check_preprocessing, trained
from vggx.tasks.predictions import wilson_interval
from vggx.weights.source import Weights


@dataclass(frozen=True)
class LinearOptions:
    """What a user says of the protocol.

    Attributes:
        scales: short sides of pictures, pixels; the usual one where None.
        flip: mirror images count too; as in training where None.
        combine: average the scales, or stack them side by side.
        C: of the machine: one, or several to choose from.
        train_per_class, judged_per_class: so many files of each class, drawn by the seed; all where None.
    """

    scales: Sequence[int] | None = None
    flip: bool | None = None
    combine: str = "average"
    C: Sequence[float] = (0.1, 1, 10, 100, 1000)
    train_per_class: int | None = None
    judged_per_class: int | None = None


def linear(
    settings: Settings,
    source: Path | Weights | None,
    output: Path,
    split: str | None = None,
    options: LinearOptions | None = None,
    name: str = "linear",
) -> dict[str, Any]:
    """Describe the files, choose C, fit and judge; returns what `<output>/<name>_<split>.json` holds.

    Args:
        source: a run folder, or weights that are read already; None for the net as the settings' seed draws it.
        split: val or test; test where there is one, else val, where None.

    Raises:
        ValueError, FileNotFoundError: naming the option or file that is wrong.
    """
    options = options or LinearOptions()
    svm.check(options.combine, options.C)
    seed_everything(settings.seed, verbose=False)
    net = begun(settings, source)
    protocol = asked("dense", options.scales, options.flip, None, capabilities(net))
    tasks.check_classes(settings.task, "vggx linear")
    data: SplitData = net.modality.open_data(settings.seed)
    listing = data.find()
    print(f"data: {data.describe()}", flush=True)
    judged = judged_split(listing, split)
    for part, count in (("train", options.train_per_class), (judged, options.judged_per_class)):
        if count is not None:
            listing.splits[part] = drawn(listing.splits[part], count, settings.seed)
    # the test split is read when all else is done, which is not to be lost for it
    limits = {"train": net.modality.data.bad_limit, judged: 1.0 if judged == "test" else net.modality.data.bad_limit}
    skipped = {part: SkippedFiles(part, len(listing.splits[part]), limit=limit) for part, limit in limits.items()}
    if net.modality.net.measures_input():
        batches = progress(data.loader(data.dataset("train")), MEASURING)
        measure(net.net, batches, net.modality.net, net.modality.data)

    trainer = settings.trainer
    placed = set_up(net.net, trainer.accelerator, trainer.precision, channels_last=trainer.channels_last)
    extractor = FeatureExtractor(placed, data, protocol)
    train, features, read = extracted(extractor, listing, skipped["train"], options.combine)
    labels = labels_of(train)
    if len(np.unique(labels)) < 2:
        raise ValueError(f"the training files that can be read are of one class: {listing.classes[labels[0]]}")
    started = time.perf_counter()
    with waiting("the support vector machine"):
        choice = svm.choose(features, labels, [sample.group for sample in train], options.C, settings.seed)
        machine = svm.fitted(features, labels, choice.C, settings.seed)
    fit = time.perf_counter() - started
    train_accuracy = float((machine.predict(features) == labels).mean())
    # only now are the other files read
    tested, features, read_too = extracted(extractor, listing, skipped[judged], options.combine)
    truth, predicted = labels_of(tested), machine.predict(features)
    found = {
        "net": name_of(source),
        **facts(net, protocol),
        "combine": options.combine,
        "width": features.shape[1],
        "seed": settings.seed,
        "classes": listing.classes,
        "split": judged,
        "train_files": len(train),
        "files": len(tested),
        "C": choice.C,
        "C_tried": choice.rows,
        "folds": choice.folds,
        "groups_kept_whole": choice.grouped,
        "converged": bool(machine.n_iter_ < svm.ITERATIONS),
        "train_accuracy": train_accuracy,
        **figures(truth, predicted, len(listing.classes)),
        "seconds": {"describe": read + read_too, "fit": fit},
        "bad_files": [row for part in skipped.values() for row in part.listed()],
    }
    report.write(found, predicted, truth, output, f"{name}_{judged}")
    return found


def name_of(source: Path | Weights | None) -> str:
    if source is None:
        return "drawn"
    return source.name if isinstance(source, Weights) else str(source)


def facts(net: Trained, protocol: Protocol) -> dict[str, Any]:
    """What is described, and how."""
    return {
        "modality": net.modality.name,
        "plan": net.net.vgg.spec.plan,
        "layer": net.net.vgg.spec.pre_logits,
        "scales": list(protocol.scales),
        "flip": protocol.flip,
        "clips": net.modality.data.view_counts().get("clips"),
    }


def figures(truth: svm.Numbers, predicted: svm.Numbers, classes: int) -> dict[str, Any]:
    """accuracy with Wilson's interval, mean recall of the classes that are there (Table 11 of the paper), macro F1."""
    accuracy = float((predicted == truth).mean())
    recalls = recall_score(truth, predicted, labels=np.unique(truth), average="macro")
    return {
        "accuracy": accuracy,
        "accuracy_interval_95": list(wilson_interval(accuracy, len(truth))),
        "mean_class_recall": float(recalls),
        "macro_f1": macro_f1(truth, predicted, classes),
    }


def begun(settings: Settings, source: Path | Weights | None) -> Trained:
    """The net, whose own classes mean nothing here: the data have theirs."""
    if isinstance(source, Path):
        net = trained(settings, source)
        check_preprocessing(settings, net)
        data = replace(net.modality.data, classes=settings.modality.data.classes)
        return replace(net, modality=replace(net.modality, data=data))
    modality, one = settings.modality, 1  # the last layer has no part in this
    if source is None:
        return Trained(Path(), modality.build(one), modality, {})
    made, _ = inherit(modality, one, source, keep_classes=False, allow_fresh=settings.allow_fresh)
    return Trained(Path(source.name), made, modality, {})


def judged_split(listing: Listing, split: str | None) -> str:
    """
    Raises:
        ValueError: a split that is fitted on, unknown or empty.
    """
    if split not in (None, "val", "test"):
        raise ValueError(f"split must be val or test, not {split!r}: train is what the machine is fitted on")
    found = split or next((each for each in ("test", "val") if listing.splits[each]), "test")
    if not listing.splits[found]:
        raise ValueError(f"the data have no {found} split: {listing.counts()}")
    return found


def drawn(samples: Sequence[Sample], count: int, seed: int) -> list[Sample]:
    """So many samples of each class, all of a class with fewer, in the order that they stand in."""
    places: dict[int, list[int]] = {}
    for place, sample in enumerate(samples):
        places.setdefault(sample.target, []).append(place)
    draw = random.Random(seed)
    taken = [place for _, part in sorted(places.items()) for place in draw.sample(part, min(count, len(part)))]
    return [samples[place] for place in sorted(taken)]


def extracted(
    extractor: FeatureExtractor, listing: Listing, skipped: SkippedFiles, combine: str
) -> tuple[list[Sample], svm.Features, float]:
    """The samples of a split that can be read, the features of each, (F, D), and the seconds that it took."""
    started, samples = time.perf_counter(), listing.splits[skipped.split]
    numbers, found = extractor.extract(samples, skipped)
    return [samples[number] for number in numbers], svm.combined(found, combine), time.perf_counter() - started


def labels_of(samples: Sequence[Sample]) -> svm.Numbers:
    return np.array([sample.target for sample in samples])
