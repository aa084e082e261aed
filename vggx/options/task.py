"""What is learned of a file, and what can be set about it: `task=NAME`, `task.*`."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class TaskOptions:
    """What every task has; a task with options of its own inherits this.

    Attributes:
        name: a key of `vggx.tasks.TASKS`.
    """

    name: str


@dataclass(kw_only=True)
class ClassifyOptions(TaskOptions):
    """One class a file."""

    name: str = "classify"


@dataclass(kw_only=True)
class TagOptions(TaskOptions):
    """Any of the classes a file, or none."""

    name: str = "tag"


@dataclass(kw_only=True)
class RegressOptions(TaskOptions):
    """One number or more a file.

    Attributes:
        loss: mse, or huber (errors beyond a standard deviation count by their size and not by its square).
    """

    name: str = "regress"
    loss: str = "mse"
