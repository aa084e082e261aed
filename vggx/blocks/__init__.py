"""The only places where network layers are put together: a unit, and a block of units.

Each is described in the file beside it (`vgg_layers.py` of `vgg.py`), which needs no torch; so names are loaded when
they are first used.
"""

import importlib
from typing import Any

MODULES = {"ConvUnit": "unit", "VGGBlock": "vgg"}
__all__ = ["ConvUnit", "VGGBlock"]


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module 'vggx.blocks' has no attribute {name!r}")
    return getattr(importlib.import_module(f"vggx.blocks.{MODULES[name]}"), name)
