"""A folder for each command: options.py (its keys), run.py (a composed config -> its work, shown on screen).

The work itself (settings -> plain values), its tables and pictures lie beside them where no other command needs them.
They are imported when they are asked for, so that help comes without torch, and a command without the others.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from vggx.keys import Command, Job

COMMANDS = {
    "train": "vggx.commands.train",
    "probe": "vggx.commands.probe",
    "evaluate": "vggx.commands.evaluate",
    "linear": "vggx.commands.linear",
    "summary": "vggx.commands.summary",
    "predict": "vggx.commands.predict",
    "explain": "vggx.commands.explain",
    "inflate": "vggx.commands.inflate",
    "cost": "vggx.commands.cost",
    "cost budget": "vggx.commands.cost_budget",
    "benchmark": "vggx.commands.benchmark",
    "cost growth": "vggx.commands.cost_growth",
    "data preview": "vggx.commands.data_preview",
    "data stats": "vggx.commands.data_stats",
    "data reencode": "vggx.commands.data_reencode",
}


def command(name: str) -> Command:
    """What the command line knows of it."""
    return import_module(f"{COMMANDS[name]}.options").COMMAND


def run(name: str) -> Callable[[Any, Job], int]:
    """Its work: checked options and a job -> the exit code."""
    return import_module(f"{COMMANDS[name]}.run").run
