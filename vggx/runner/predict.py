"""a run folder or a net's file, and new files -> a row per file: its classes by score, or why it cannot be read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vggx import nd
from vggx.data.datamodule import SplitData
from vggx.progress import progress
from vggx.runner.allocator import keep_freed_memory
from vggx.tasks.predictions import by_file
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
) -> list[Row]:
    """The likeliest classes of every file, and of every file in a folder.

    Returns:
        A row for each file: {path, classes, scores, error}; `classes` and `scores` (softmax, views averaged) are
        sorted by score, and empty where no view can be read; `error` says why a view or the file cannot.

    Raises:
        ValueError, FileNotFoundError: no such run, no file to predict, or an unknown device.
    """
    if top < 1:
        raise ValueError(f"top must be 1 or more, got {top}")
    where = choose_device(device)
    net, modality, card = store.load_net(run)
    keep_freed_memory()
    nd.channels_last(net.to(where), net.vgg.dims)
    modality.data.batch_size, modality.data.num_workers = batch_size, num_workers
    data: SplitData = modality.open_data(0)
    samples = data.new_files(inputs)
    if not samples:
        raise ValueError("inputs names no file")
    scores, files = [torch.empty(0, len(card["classes"]))], [torch.empty(0, dtype=torch.int64)]
    bad: dict[str, str] = {}
    with torch.inference_mode():
        for batch in progress(data.loader(data.new_dataset(samples)), "predict"):
            bad |= batch["bad"]
            if batch["input"] is not None:
                lengths = batch.get("lengths")
                logits = net(batch["input"].to(where), None if lengths is None else lengths.to(where))
                scores.append(logits.float().softmax(1).cpu())
                files.append(batch["file"])
    numbers = torch.cat(files)
    mean, index = by_file(torch.cat(scores), numbers, numbers)
    found = dict(zip(index.tolist(), mean, strict=True))
    return [row(s.path, found.get(number), card["classes"], top, bad.get(s.path)) for number, s in enumerate(samples)]


def row(path: str, scores: torch.Tensor | None, classes: Sequence[str], top: int, error: str | None) -> Row:
    if scores is None:
        return {"path": path, "classes": [], "scores": [], "error": error}
    best = scores.topk(min(top, len(classes)))
    names = [classes[index] for index in best.indices.tolist()]
    # with an error too, where only some of a file's views can be read
    return {"path": path, "classes": names, "scores": [round(v, 6) for v in best.values.tolist()], "error": error}
