"""run folders -> their nets, each with the data options by which it wants files read."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from vggx import tasks
from vggx.data.datamodule import SplitData
from vggx.evaluate.protocol import Capabilities
from vggx.net import PreparedNet
from vggx.options import DataOptions, Modality, Settings
from vggx.settings import modality_of, read_run
from vggx.tasks.task import Task
from vggx.weights import store

SHARED = tuple(field.name for field in fields(DataOptions))  # where samples are, and how they are loaded


@dataclass(frozen=True)
class Trained:
    """A net of a run folder, with the data options by which its files are read."""

    run: Path
    net: PreparedNet
    modality: Modality
    card: dict[str, Any]

    @cached_property
    def task(self) -> Task:
        """What it was trained for."""
        return tasks.of_card(self.card)

    def listed(self, seed: int) -> SplitData:
        """The data, found."""
        data: SplitData = tasks.open_data(self.modality, self.task.options, seed)
        data.find()
        return data


def trained(settings: Settings, run: Path, *, first: bool = True) -> Trained:
    """A run's net, and the data options by which it wants files read: the settings', with its own preprocessing.

    Args:
        first: the settings are of this run; of another one they say where the data lie, how many views of a file
            there are and how they are loaded, and its own config the rest.

    Raises:
        ValueError: a run of another modality than the settings'.
    """
    net, modality, card = store.load_net(run)
    options = settings.modality.data
    if modality.name != settings.modality.name:
        raise ValueError(f"{run} is a run of {modality.name}, the first one of {settings.modality.name}")
    own = {name: value for name, value in modality.data.preprocessing().items() if name not in options.VIEWS}
    data = replace(options, classes=tasks.names_of(card), **own)
    if not first:
        values = read_run(run)["modality"]["data"]
        shared = {name: getattr(data, name) for name in (*SHARED, *options.VIEWS)}
        data = replace(modality_of(card | {"data": values}, run).data, **own, **shared)
    return Trained(run, net, replace(settings.modality, net=modality.net, data=data), card)


def check_preprocessing(settings: Settings, net: Trained) -> None:
    """
    Raises:
        ValueError: settings with other preprocessing than the net was trained with.
    """
    options = settings.modality.data
    for name in options.PREPROCESSING:
        asked_for, own = getattr(options, name), getattr(net.modality.data, name)
        if asked_for != own:
            raise ValueError(
                f"modality.data.{name}={asked_for}: the net of {net.run} was trained with {own} and is evaluated with "
                "it"
            )


def check_together(nets: Sequence[Trained]) -> None:
    """
    Raises:
        ValueError: nets with other classes than the first one's, or in another order.
    """
    first = nets[0]
    for other in nets[1:]:
        if other.task.options.name != first.task.options.name:
            raise ValueError(
                f"{other.run} is of task={other.task.options.name} and {first.run} of task={first.task.options.name}: "
                "only scores of one task can be averaged"
            )
        if other.task.names != first.task.names:
            raise ValueError(
                f"{other.run} has the classes {', '.join(other.task.names)} and {first.run} has "
                f"{', '.join(first.task.names)}: only scores of the same classes, in the same order, can be averaged"
            )


def capabilities(net: Trained) -> Capabilities:
    """What protocols can ask of it."""
    options, vgg = net.modality.data, net.net.vgg
    if not net.modality.net.PIXELS:
        return Capabilities(pictures=False)
    fills = vgg.grid if any(layer.kind == "grid" for layer in vgg.spec.layers()) else (1,) * vgg.dims
    return Capabilities(
        pictures=True,
        size=options.input_shape()[-1],
        usual=options.evaluated_side(),
        least=max(least * side for least, side in list(zip(vgg.smallest_input, fills, strict=True))[-2:]),
        flips=options.mirrors(),
        along="crops" in options.VIEWS,
    )
