"""a run folder and a split -> metrics, on screen and as evaluate_<split>.json with a report and a confusion matrix."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from vggx import files, nd
from vggx.data.datamodule import SplitData
from vggx.data.listing import SPLITS
from vggx.options import Settings
from vggx.report import classes as class_report
from vggx.report import time_probe as time_report
from vggx.runner import hazards
from vggx.runner import trainer as trainers
from vggx.runner.bad_files import BadFiles
from vggx.tasks.classify import ClassifyTask
from vggx.tasks.predictions import wilson_interval
from vggx.tasks.time_probe import TimeProbeTask, time_axis
from vggx.weights import store


def evaluate(settings: Settings, run: Path, split: str = "test", *, time_probe: bool = False) -> dict[str, Any]:
    """Measure the best net of a run; returns what evaluate_<split>.json holds.

    The net and its preprocessing are the run's; where the data lie and how many views of a file are taken may differ.
    A time probe also tests the clips with their frames shuffled (by the settings' seed), reversed, and one repeated.

    Raises:
        ValueError, FileNotFoundError: an unknown or empty split, other preprocessing than the net's, a run that
            cannot be read, or a time probe of samples without frames in time.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {split!r}")
    net, modality, card = store.load_net(run)
    options = settings.modality.data
    for name, value in modality.data.preprocessing().items():
        if name not in options.VIEWS and getattr(options, name) != value:
            raise ValueError(
                f"modality.data.{name}={getattr(options, name)}: the net of {run} was trained with {value} and is "
                "evaluated with it"
            )
    axis = time_axis(settings.modality) if time_probe else None
    options.classes = card["classes"]
    data: SplitData = settings.modality.open_data(settings.seed)
    listing = data.find()
    print(f"data: {data.describe()}", flush=True)
    samples = listing.splits[split]
    if not samples:
        raise ValueError(f"the data have no {split} split: {listing.counts()}")
    task = (
        ClassifyTask(net, settings.recipe, card)
        if axis is None
        else TimeProbeTask(net, settings.recipe, card, axis=axis, seed=settings.seed)
    )
    bad_files = BadFiles(1.0, {"test": len(samples)})
    # one process sees every file once, all of them, however the run was trained
    alone = replace(settings.trainer, devices=1, num_nodes=1, strategy="auto", limit_test_batches=None)
    trainer = trainers.make_trainer(alone, [bad_files])
    hazards.check_conv3d(net.vgg.dims, alone.precision, trainer.strategy.root_device)
    if alone.channels_last:
        nd.channels_last(net, net.vgg.dims)
    trainer.test(task, dataloaders=data.loader(data.dataset(split)), verbose=False)
    metrics = {name.removeprefix("test_"): value.item() for name, value in trainer.callback_metrics.items()}
    found = {
        "run": str(run),
        "modality": modality.name,
        "plan": card["plan"],
        "split": split,
        "files": len(task.file_labels),
        **metrics,
        "accuracy_interval_95": list(wilson_interval(metrics["accuracy"], len(task.file_labels))),
        "views": {name: getattr(options, name) for name in options.VIEWS},
        "bad_files": [{**bad, "split": split} for bad in bad_files.listed()],
    }
    if trainer.is_global_zero:
        predicted, labels = task.file_scores.argmax(1).numpy(), task.file_labels.numpy()
        title = f"{modality.name}, {split}, {len(labels)} files"
        prefix = f"evaluate_{split}_"
        class_report.write(predicted, labels, card["classes"], title, run, prefix)
        if isinstance(task, TimeProbeTask):
            found["time_probe"] = task.probe
            time_report.write(task.probe, title, run, prefix)
        files.write_json(run / f"evaluate_{split}.json", found)
    return found
