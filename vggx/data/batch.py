"""items {input, target, file, view, bad} -> a `Batch`, its inputs as one tensor or as they are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

IGNORED = -100  # what pads a target along time, which torch's cross-entropy leaves out
Item = dict[str, Any]


@dataclass
class Batch:
    """What a loader gives.

    Between processes its numbers travel in the message, and `input` alone in shared memory: a piece of that for each
    tensor, as torch makes by itself, takes longer than reading a short clip.

    Attributes:
        input: (N, ...), a list of N where they need not be of one shape, or None where nothing could be read.
        target: (N, ...), as the task's targets are; None of new files.
        lengths: (N,) of inputs that are padded to the longest.
        file, view: (N,), the number of the file and of its view.
        bad: {name: reason} of the files that could not be read.
    """

    input: Any = None
    target: Any = None
    lengths: Tensor | None = None
    file: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    view: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    bad: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return 0 if self.input is None else len(self.input)

    def to(self, device: Any, **how: Any) -> Self:
        """The batch with its tensors there, as `Tensor.to` moves them."""
        return self.each(lambda x: x.to(device, **how))

    def pin_memory(self) -> Self:
        """The batch with its tensors in memory from which a GPU can copy by itself; torch's loaders ask for it."""
        return self.each(Tensor.pin_memory)

    def each(self, change: Any) -> Self:
        def changed(value: Any) -> Any:
            if isinstance(value, list):
                return [changed(x) for x in value]
            return change(value) if isinstance(value, Tensor) else value

        return replace(self, **{each.name: changed(getattr(self, each.name)) for each in fields(self)})

    def __reduce__(self) -> tuple[Any, ...]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {name: x.numpy() for name, x in values.items() if name != "input" and isinstance(x, Tensor)}
        return arrived, ({**values, **plain},)


def arrived(values: dict[str, Any]) -> Batch:
    there: dict[str, Any] = {n: torch.from_numpy(x) if isinstance(x, np.ndarray) else x for n, x in values.items()}
    return Batch(**there)


def gather(items: Sequence[Item]) -> Batch:
    """Items -> a batch whose `input` is the list of theirs; without the unreadable.

    A batch of which nothing is left has an `input` of None.
    """
    bad = {name: reason for item in items for name, reason in item["bad"].items()}
    good = [item for item in items if item["input"] is not None]
    if not good:
        return Batch(bad=bad)
    file, view = (torch.tensor([item[name] for item in good]) for name in ("file", "view"))
    return Batch([item["input"] for item in good], together([item["target"] for item in good]), None, file, view, bad)


def together(targets: Sequence[Any]) -> Any:
    """Numbers or tensors of one shape -> a tensor (N, ...); targets along time are padded with `IGNORED`."""
    if any(target is None for target in targets):
        return None
    if not isinstance(targets[0], Tensor):
        return torch.tensor(targets)
    lengths = [target.shape[-1] if target.ndim == 1 else 0 for target in targets]
    if min(lengths) < max(lengths):
        return padded(targets, lengths, IGNORED)
    return torch.stack([target.as_subclass(Tensor) for target in targets])


def collate(items: Sequence[Item], fill: float = 0.0) -> Batch:
    """As `gather`, with the inputs as one tensor (N, ...).

    Sounds of different lengths, (samples,) or maps (F, T), are padded with `fill` to the longest, and the batch has
    their `lengths` (N,) too.
    """
    batch = gather(items)
    if batch.input is None:
        return batch
    inputs = batch.input
    lengths = [x.shape[-1] for x in inputs] if inputs[0].ndim <= 2 else [0]
    if min(lengths) < max(lengths):
        batch.input, batch.lengths = padded(inputs, lengths, fill), torch.tensor(lengths)
    else:
        batch.input = default_collate(inputs)
    return batch


def padded(inputs: Sequence[Tensor], lengths: Sequence[int], fill: float) -> Tensor:
    """(..., T) each -> (N, ..., greatest T), then `fill`; numpy is quicker at short rows than torch."""
    arrays = [x.numpy() for x in inputs]
    rows = np.empty((len(arrays), *arrays[0].shape[:-1], max(lengths)), arrays[0].dtype)
    for row, array, length in zip(rows, arrays, lengths, strict=True):
        row[..., :length], row[..., length:] = array, fill
    return torch.from_numpy(rows)


def noting(batches: Iterable[Batch], bad: dict[str, str]) -> Iterator[Batch]:
    """The batches as they come; what could not be read of them goes into `bad`."""
    for batch in batches:
        for path, reason in batch.bad.items():
            bad.setdefault(path, reason)
        yield batch
