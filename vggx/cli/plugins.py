"""plugins=[my.py,...] -> the user's own parts, entered in their tables by the files themselves.

Only the words of a command are looked at, never a run folder: what a file of Python does is for who types its name.
"""

import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from omegaconf import OmegaConf

from vggx import configs
from vggx.tasks import TASKS, task_class

WORD = "plugins="


def parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command -> the files that they name as plugins, and the other words."""
    given = [word.removeprefix(WORD).strip("[]") for word in words if word.startswith(WORD)]
    files = [name.strip().strip("'\"") for value in given for name in value.split(",") if name.strip()]
    return files, [word for word in words if not word.startswith(WORD)]


def load(files: Sequence[str]) -> None:
    """Run each file once; what tasks they have entered can be chosen by their names.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no file of Python, or one that fails.
    """
    for name in files:
        path = Path(name)
        if path.suffix != ".py":
            raise ValueError(f"plugins={name} must be a file of Python, which ends in .py")
        if not path.is_file():
            raise FileNotFoundError(f"plugins={name} does not exist")
        module = f"vggx_plugin_{path.stem}"
        spec = spec_from_file_location(module, path)
        assert spec is not None
        assert spec.loader is not None
        made = module_from_spec(spec)
        sys.modules[module] = made  # so that loading processes find what it defines
        try:
            spec.loader.exec_module(made)
        except Exception as error:
            raise ValueError(f"plugins={name} cannot be loaded: {type(error).__name__}: {error}") from error
    for name in TASKS:
        if name not in configs.names("task"):
            configs.add(f"task/{name}", OmegaConf.structured(task_class(name).OPTIONS))
