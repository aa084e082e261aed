"""Every key that a command takes, and the nearest one to a misspelt word."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from omegaconf import DictConfig, OmegaConf

from vggx import commands, configs

WHOLE = ("modality", "task", "device")  # groups whose every choice has its keys
HIDDEN = ("defaults", "hydra", "presets", "unset", "code")


def leaves(node: DictConfig, prefix: str = "") -> dict[str, Any]:
    """{dotted key: value} of a config; "???" where a value must be given."""
    found: dict[str, Any] = {}
    for key in map(str, node):
        if key in HIDDEN:
            continue
        value = "???" if OmegaConf.is_missing(node, key) else node[key]
        if isinstance(value, DictConfig) and len(value):
            found |= leaves(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def groups(command: str) -> list[str]:
    """The config groups that a command chooses from: modality, recipe, ..."""
    return sorted(commands.command(command).groups)


def known(command: str, modality: str | None) -> list[str]:
    """The command's keys, with those of one modality, or of all where it is not one."""
    keys = [*commands.command(command).defaults(), *groups(command)]
    for group in groups(command):
        names = configs.names(group) if group in WHOLE else ["default"]
        for name in [modality] if modality in names else names:
            if name in configs.names(group):
                keys += [f"{group}.{key}" for key in leaves(configs.load(f"{group}/{name}"))]
    return sorted(set(keys))


def nearest(word: str, names: Iterable[str]) -> str:
    near = get_close_matches(word, list(names), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else "."


def nearest_key(key: str, keys: list[str]) -> str:
    """By the whole key, else by its last part: `plan` -> modality.net.plan."""
    near = get_close_matches(key, keys, n=1, cutoff=0.8)
    if not near:
        ends = {name: name.rpartition(".")[2] for name in keys}
        end = get_close_matches(key.rpartition(".")[2], ends.values(), n=1, cutoff=0.7)
        near = [name for name in ends if ends[name] in end][:1]
    return f"; did you mean {near[0]}?" if near else "."
