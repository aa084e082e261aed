"""packaged YAML -> typed configs: a mapping with a `_target_` becomes that dataclass, with its defaults.

So Python owns the defaults, YAML holds what differs, and Hydra refuses an unknown key or a value of the wrong type.
`_target_` is read from the packaged files alone; what a run folder holds are plain values (see `settings.py`).
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

PACKAGED = Path(__file__).parent / "_configs"  # in a wheel
CHECKOUT = Path(__file__).parents[1] / "configs"
ADDED: dict[str, DictConfig] = {}  # by the user's own files: {"task/mine": its options}


def folder() -> Path:
    return PACKAGED if PACKAGED.is_dir() else CHECKOUT


def names(group: str) -> list[str]:
    """The names of a group's files, for example names("modality") -> ["audio", "image", "video"]."""
    packaged = [path.stem for path in (folder() / group).glob("*.yaml")]
    return sorted([*packaged, *(name.partition("/")[2] for name in ADDED if name.startswith(f"{group}/"))])


def add(name: str, config: DictConfig) -> None:
    """Let a config that is not packaged be one of its group, such as "task/mine"."""
    ADDED[name] = config


def load(name: str) -> DictConfig:
    """The packaged config of that name, for example "modality/video"."""
    if name in ADDED:
        return ADDED[name].copy()
    return typed(OmegaConf.load(folder() / f"{name}.yaml"))


def typed(node: Any) -> Any:
    """The config with every mapping that names a dataclass as `_target_` made into that dataclass's config."""
    if not isinstance(node, DictConfig):
        return node
    values = {str(key): typed(value) for key, value in node.items_ex(resolve=False)}
    target = values.pop("_target_", None)
    if target is None:
        return OmegaConf.create(values)
    module, _, name = target.rpartition(".")
    return OmegaConf.merge(OmegaConf.structured(getattr(importlib.import_module(module), name)), values)


def register(command: str | None = None, config: Mapping[str, Any] | None = None) -> None:
    """Hand every packaged config to Hydra; experiments speak of the whole config, the others of their group.

    Args:
        command: under whose name its config is handed over besides.
        config: whose keys no group may hide: `device=cpu` of predict is a word, of cost it is a file.
    """
    store, own = ConfigStore.instance(), config or {}
    if command:
        store.store(name=command, node=dict(own), package="_global_")
    for path in sorted(folder().rglob("*.yaml")):
        group = path.parent.relative_to(folder()).as_posix()
        if group in own:
            store.repo.pop(group, None)
            continue
        package = "_global_" if group in (".", "experiment") else group.replace("/", ".")
        store.store(name=path.stem, group=None if group == "." else group, node=load_relative(path), package=package)
    for added, node in ADDED.items():
        group, _, name = added.partition("/")
        store.store(name=name, group=group, node=node, package=group)


def load_relative(path: Path) -> DictConfig:
    return load(path.relative_to(folder()).with_suffix("").as_posix())


def remember(values: dict[str, Any]) -> None:
    """Make a past run's plain values the option `past=run`, which composes them over the packaged config."""
    ConfigStore.instance().store(name="run", group="past", node=values, package="_global_")
