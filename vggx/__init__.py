"""One VGG, written once for any number of dimensions: images, video and sound from the same block.

Names are loaded when they are first used, so that the command line answers before torch is imported.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

PUBLIC = {
    "VGG": "vggx.net",
    "PLANS": "vggx.plans",
    "get_plan": "vggx.plans",
    "ConvUnit": "vggx.blocks",
    "VGGBlock": "vggx.blocks",
    "Backbone": "vggx.backbone",
    "NetSpec": "vggx.spec.net",
    "plan_spec": "vggx.planned",
    "ConvClassifier": "vggx.heads.classifier",
    "PooledClassifier": "vggx.heads.pooled",
    "load_net": "vggx.weights.store",
    "read_weights": "vggx.weights.source",
    "transfer": "vggx.surgery.transfer",
    "inflate": "vggx.commands.inflate.inflate",
    "train": "vggx.runner.train",
    "predict": "vggx.runner.predict",
}
__all__ = [*PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'vggx' has no attribute {name!r}")
    return getattr(importlib.import_module(PUBLIC[name]), name)
