"""What a net can learn of a file: each task is one class in one file, and stands in `TASKS`.

A task of your own: docs/add_a_task.md.
"""

import importlib
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from vggx.options import Modality, TaskOptions

if TYPE_CHECKING:
    from vggx.data.datamodule import SplitData
    from vggx.data.listing import Listing
    from vggx.tasks.task import Task

# module:class, imported when it is asked for; or the class itself
TASKS: dict[str, "str | type[Task]"] = {
    "classify": "vggx.tasks.classify:Classify",
    "tag": "vggx.tasks.tag:Tag",
    "regress": "vggx.tasks.regress:Regress",
}
CLASSIFY = {"name": "classify"}  # what a card without a task means


def task_class(name: Any) -> "type[Task]":
    """
    Raises:
        ValueError: no such task.
    """
    if name not in TASKS:
        raise ValueError(f"task must be one of {', '.join(TASKS)}, not {name!r}")
    entry = TASKS[name]
    if not isinstance(entry, str):
        return entry
    module, _, attribute = entry.partition(":")
    found: type[Task] = getattr(importlib.import_module(module), attribute)
    return found


def open_data(modality: Modality, options: TaskOptions, seed: int) -> "SplitData":
    """The modality's datamodule, whose labels become the targets of the task."""
    data: SplitData = modality.open_data(seed)
    data.targets = task_class(options.name).targets(options)
    return data


def begun(options: TaskOptions, listing: "Listing") -> "Task":
    """The task of a data set, with what it measures on the training targets.

    Raises:
        ValueError: data or options of which nothing can be learned.
    """
    task = task_class(options.name)(options, listing.classes)
    task.begin(listing)
    return task


def of_card(card: Mapping[str, Any]) -> "Task":
    """The task that a net was trained for, as its card tells.

    Raises:
        ValueError: no such task, or values that it does not know.
    """
    kept = card.get("task", CLASSIFY)
    if not isinstance(kept, dict):
        raise ValueError(f"the card's task is {kept!r}, and no mapping with a name")
    kind = task_class(kept.get("name"))
    known = {field.name for field in fields(kind.OPTIONS)}
    options = kind.OPTIONS(**{name: value for name, value in kept.items() if name in known})
    task = kind(options, names_of(card))
    task.restore({name: value for name, value in kept.items() if name not in known})
    return task


def names_of(card: Mapping[str, Any]) -> list[str]:
    """The names of a net's outputs: its classes, or the numbers that it tells."""
    return list(card["classes"] if "classes" in card else card["task"]["names"])


def check_classes(options: TaskOptions, command: str) -> None:
    """
    Raises:
        ValueError: a command that judges classes, of a task that has no single class a file.
    """
    if not task_class(options.name).one_class:
        raise ValueError(f"task={options.name}: {command} judges classes, one a file, as task=classify has them")
