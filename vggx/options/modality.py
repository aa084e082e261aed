"""A modality, and all of a run."""

import importlib
from dataclasses import dataclass, field
from typing import Any

from vggx.options.data import DataOptions
from vggx.options.net import NetOptions
from vggx.options.task import ClassifyOptions, TaskOptions
from vggx.options.training import Recipe, TrainerOptions


@dataclass(kw_only=True)
class Modality:
    """A modality's name, its two sets of options, and the package that makes things of them.

    Attributes:
        code: package with the modules `spec` (`spec`), `net` (`build`), `data` (`open_data`), `preview` (`panels`),
            `explain` (`shown`), `facts` (`facts`) and, where its files last, `whole` (`strip`), or can be encoded anew,
            `reencode` (`encoder`, `gain`); from packaged configs alone, never from a run folder.
        presets: what options left unset become by a choice, of an option of net or of a recipe:
            {option of net, or recipe: {choice: {section: {option: value}}}}; a choice may also have sections for
            "embedded" or "root" alone, as `unset` has.
        unset: what those become that are left then.
    """

    name: str
    code: str
    net: NetOptions
    data: DataOptions
    presets: dict[str, Any] = field(default_factory=dict)
    unset: dict[str, Any] = field(default_factory=dict)

    def spec(self, outputs: int) -> Any:
        """The net's description, a `vggx.spec.net.NetSpec`, for input as the data options give it."""
        return self.module("spec").spec(self.net, self.data, outputs)

    def build(self, outputs: int, spec: Any = None) -> Any:
        """The net, a `vggx.net.PreparedNet`, its weights drawn; of a saved spec in the place of the options' own."""
        return self.module("net").build(self.net, self.data, outputs, spec)

    def open_data(self, seed: int) -> Any:
        """The datamodule, a `vggx.data.datamodule.SplitData`; `seed` draws order and augmentation."""
        return self.module("data").open_data(self.data, seed, self.net)

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{self.code}.{name}")


@dataclass(kw_only=True)
class Settings:
    """All of a run.

    Attributes:
        task: what is learned of a file.
        seed: of initial weights, order, augmentation and dropout.
        runs: folder in which a run makes its own.
        logger: tensorboard, wandb, mlflow or none; metrics.csv is always written.
        weights: what the net begins with: a file, a run folder, torchvision:NAME or timm:NAME; drawn where unset.
        inherit: layers, blocks or "head" that begin with it, and no others; all where unset.
        allow_fresh: layers, blocks, "head" or "norm" that may inherit nothing of it.
        freeze: so many first blocks do not train, the statistics of their norms included.
    """

    modality: Modality
    task: TaskOptions = field(default_factory=ClassifyOptions)
    recipe: Recipe = field(default_factory=Recipe)
    trainer: TrainerOptions = field(default_factory=TrainerOptions)
    seed: int = 0
    runs: str = "runs"
    logger: str = "tensorboard"
    weights: str | None = None
    inherit: list[str] | None = None
    allow_fresh: list[str] = field(default_factory=list)
    freeze: int = 0
