"""What every modality lets its user set, as plain data; torch is not imported here, so that the command line is quick.

A modality's own options (`modalities/<m>/options.py`) inherit these. An option whose default is None is unset: what
it becomes stands in `configs/modality/<m>.yaml`, under `embedded` (no root given) or `root`.
"""

from vggx.options.data import DataOptions
from vggx.options.device import Device
from vggx.options.given import given
from vggx.options.modality import Modality, Settings
from vggx.options.net import IMAGENET, NetOptions
from vggx.options.pictures import PictureOptions, evaluated_side
from vggx.options.task import ClassifyOptions, RegressOptions, TagOptions, TaskOptions
from vggx.options.training import Recipe, TrainerOptions

__all__ = [
    "IMAGENET",
    "ClassifyOptions",
    "DataOptions",
    "Device",
    "Modality",
    "NetOptions",
    "PictureOptions",
    "Recipe",
    "RegressOptions",
    "Settings",
    "TagOptions",
    "TaskOptions",
    "TrainerOptions",
    "evaluated_side",
    "given",
]
