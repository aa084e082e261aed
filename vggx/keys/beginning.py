"""The keys of a command that begins a training, or looks at how it would begin."""

from dataclasses import dataclass
from typing import Literal

from vggx.keys.field import key


@dataclass(kw_only=True)
class Beginning:
    """What `vggx.options.Settings` takes besides modality, recipe and trainer, under the same names."""

    seed: int = key(0, "of initial weights, order, augmentation and dropout")
    runs: str = key("runs", "in which a run makes its own folder", "folder")
    logger: Literal["tensorboard", "wandb", "mlflow", "none"] = key("tensorboard", "metrics.csv is always written")
    weights: str | None = key(None, "what the net begins with", "file, run folder, torchvision:WEIGHTS or timm:NAME")
    inherit: list[str] | None = key(
        None,
        "what begins with the weights, and nothing else; all where unset",
        "names",
        example="[conv1_1,block2,head]",
    )
    allow_fresh: list[str] = key(
        [], "what may inherit nothing of the weights", "names", example="[block4,fc6,head,norm]"
    )
    freeze: int = key(0, "do not train, nor do the statistics of their norms move", "first blocks", least=0)
