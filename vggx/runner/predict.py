"""a run folder or a net's file, and new files -> a row per file: what its net says, or why it cannot be read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vggx import nd, tasks
from vggx.data.datamodule import SplitData
from vggx.data.listing import Sample
from vggx.net import PreparedNet
from vggx.progress import progress
from vggx.report.frame_scores import targets as targets_in
from vggx.runner import whole as whole_files
from vggx.runner.allocator import keep_freed_memory
from vggx.tasks.predictions import by_file
from vggx.tasks.task import Task
from vggx.weights import store

Row = dict[str, Any]


def choose_device(name: str) -> torch.device:
    """
    Raises:
        ValueError: a name that torch does not know, or a CUDA device that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device={name} is none of auto, cpu, cuda, cuda:0, ...") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={name}: no CUDA device is available")
    return device


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
    whole_files.check(modality, whole=whole, folder=folder)
    task = tasks.of_card(card)
    if whole and not task.one_class:
        raise ValueError(f"whole=true goes along the scores of classes, and {run} is of task={task.options.name}")
    keep_freed_memory()
    nd.channels_last(net.to(where), net.vgg.dims)
    modality.data.batch_size, modality.data.num_workers = batch_size, num_workers
    data: SplitData = modality.open_data(0)
    samples = data.new_files(inputs)
    if not samples:
        raise ValueError("inputs names no file")
    targets = [] if folder is None else targets_in(folder, [sample.path for sample in samples])
    if whole:
        found, bad = whole_files.scan_files(net, modality, samples, task.names, targets)
    else:
        found, bad = clip_scores(net, task, data, samples, where)
    # with an error too, where only some of a file's views can be read
    rows: list[Row] = [
        {"path": sample.path, **task.row(found.get(number), top), "error": bad.get(sample.path)}
        for number, sample in enumerate(samples)
    ]
    for number, target in enumerate(targets):
        rows[number]["frame_scores"] = f"{target}.csv" if number in found else None
    return rows


def clip_scores(
    net: PreparedNet, task: Task, data: SplitData, samples: Sequence[Sample], device: torch.device
) -> tuple[dict[int, torch.Tensor], dict[str, str]]:
    """The scores of each file that can be read, its views averaged, by its number; {path: reason} of the others."""
    scores: list[torch.Tensor] = []
    files: list[torch.Tensor] = []
    bad: dict[str, str] = {}
    with torch.inference_mode():
        for batch in progress(data.loader(data.new_dataset(samples)), "predict"):
            bad |= batch.bad
            if batch.input is not None:
                there = batch.to(device)
                scores.append(task.activate(task.ask(net, there.input, there.lengths).float()).cpu())
                files.append(batch.file)
    if not files:
        return {}, bad
    numbers = torch.cat(files)
    mean, index = by_file(torch.cat(scores), numbers, numbers)
    return dict(zip(index.tolist(), mean, strict=True)), bad
