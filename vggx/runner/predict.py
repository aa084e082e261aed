"""a run folder or a net's file, and new files -> a row per file: what its net says, or why it cannot be read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from vggx import tasks
from vggx.data.batch import Batch
from vggx.data.datamodule import SplitData
from vggx.data.skipped import SkippedFiles
from vggx.inference.loop import Outputs, Step, infer, one_by_one
from vggx.inference.whole import Whole, along_time, mean_logits, whole_scores
from vggx.net import PreparedNet
from vggx.options import Modality
from vggx.progress import progress
from vggx.report import frame_scores as tracks
from vggx.runner.device import choose_device, set_up
from vggx.tasks.task import Task
from vggx.weights import store

Row = dict[str, Any]


def predict(
    run: str | Path,
    inputs: Sequence[str],
    *,
    top: int = 5,
    device: str = "auto",
    batch_size: int = 8,
    num_workers: int = 0,
    whole: bool = False,
    frame_scores: str | Path | None = None,
) -> list[Row]:
    """What a net says of every file, and of every file in a folder.

    Args:
        whole: scan files from their first moment to their last, uncropped, in the place of clips of them.
        frame_scores: folder for the scores of whole files along time, see `vggx.report.frame_scores`.

    Returns:
        A row for each file: {path, <what the net's task says>, error}. Of classes these are {classes, scores}, the
        likeliest first, and empty where no view can be read (`vggx.tasks.task.Task.row` of the other tasks); scores are
        means over views; `error` says why a view or the file cannot be read; with `frame_scores` also the path of its
        CSV file under that name.

    Raises:
        ValueError, FileNotFoundError: no such run, no file to predict, an unknown device, or whole files of pictures.
    """
    if top < 1:
        raise ValueError(f"top must be 1 or more, got {top}")
    where, folder = choose_device(device), None if frame_scores is None else Path(frame_scores)
    net, modality, card = store.load_net(run)
    check_whole(modality, whole=whole, folder=folder)
    task = tasks.of_card(card)
    if whole and not task.one_class:
        raise ValueError(f"whole=true goes along the scores of classes, and {run} is of task={task.options.name}")
    placed = set_up(net, where)
    modality = replace(modality, data=replace(modality.data, batch_size=batch_size, num_workers=num_workers))
    data: SplitData = modality.open_data(0)
    samples = data.new_files(inputs)
    if not samples:
        raise ValueError("inputs names no file")
    targets = [] if folder is None else tracks.targets(folder, [sample.path for sample in samples])
    skipped = SkippedFiles("new", len(samples), told=False)  # the rows tell

    def write(number: int, found: Whole) -> None:
        steps = along_time(net.vgg, found.scores).cpu()
        tracks.write(targets[number], task.names, steps, found.times, found.seconds)

    if whole:
        batches = one_by_one(samples, range(len(samples)))
        step = Step(batches, partial(whole_file, net, task, modality, skipped, write if targets else None))
    else:
        step = Step(data.loader(data.new_dataset(samples)), partial(clips, net, task))
    found = infer(placed, [step], skipped, "predict").means
    # with an error too, where only some of a file's views can be read
    rows: list[Row] = [
        {"path": sample.path, **task.row(found.get(number), top), "error": skipped.found.get(sample.path)}
        for number, sample in enumerate(samples)
    ]
    for number, target in enumerate(targets):
        rows[number]["frame_scores"] = f"{target}.csv" if number in found else None
    return rows


def clips(net: PreparedNet, task: Task, batch: Batch) -> Iterator[Outputs]:
    yield batch.file.tolist(), task.activate(task.ask(net, batch.input, batch.lengths).float())[:, None]


def whole_file(
    net: PreparedNet,
    task: Task,
    modality: Modality,
    skipped: SkippedFiles,
    write: Callable[[int, Whole], None] | None,
    batch: Batch,
) -> Iterator[Outputs]:
    """A batch of `one_by_one`; `write` is told the file's number and what the net says of it along time."""
    path, (number,) = batch.input.path, batch.file.tolist()
    with skipped.skipping(path):
        watched = partial(progress, description=path)
        found = whole_scores(net, modality, path, timed=write is not None, watched=watched)
        yield [number], task.activate(mean_logits(found.scores)[None])[None]
        if write is not None:
            write(number, found)


def check_whole(modality: Modality, *, whole: bool, folder: Path | None) -> None:
    """
    Raises:
        ValueError: whole files of a modality whose files do not last, or scores along time of clips.
    """
    if folder is not None and not whole:
        raise ValueError(f"frame_scores={folder} goes with whole=true: a clip is no file's whole time")
    if whole and not modality.data.LASTS:
        raise ValueError(
            f"whole=true scans files along time, and a file of {modality.name} has none; vggx evaluate protocol=dense "
            "judges pictures whole and uncropped"
        )
