"""A composed config -> `Settings`, and a run folder's config.yaml -> plain values to compose again."""

from pathlib import Path
from typing import Any, cast

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from vggx import configs
from vggx.options import Modality, Settings

CONFIG = "config.yaml"
KEPT = (
    "modality",
    "task",
    "recipe",
    "trainer",
    "seed",
    "runs",
    "logger",
    "weights",
    "inherit",
    "allow_fresh",
    "freeze",
)


def resolve(config: DictConfig) -> Settings:
    """The settings of a composed config, with every unset option filled in; parts that a command lacks are Python's.

    Raises:
        ValueError: a source that needs a root, and none given.
    """
    kept = OmegaConf.create({name: config[name] for name in KEPT if name in config})
    data, unset = kept.modality.data, kept.modality.unset
    embedded = data.root is None and data.manifest is None
    if not embedded and data.source == unset.embedded.data.source:
        data.source = None  # a run on embedded data that is now given a root
    fill(kept, "embedded" if embedded else "root")
    if embedded and data.source != unset.embedded.data.source:
        raise ValueError(f"modality.data.source={data.source} needs modality.data.root=FOLDER")
    return made(kept)


def made(config: DictConfig) -> Settings:
    """The dataclass of a config; parts that it lacks are Python's."""
    base = OmegaConf.structured(Settings)
    if "task" in config:
        base.task = MISSING  # a task has options of its own, into which those of the usual one do not merge
    return cast(Settings, OmegaConf.to_object(OmegaConf.merge(base, config)))


def fill(config: DictConfig, kind: str) -> None:
    """Give every option that is still None its value.

    First what comes with a choice, `modality.presets.<option of net, or recipe>.<choice>`, then what
    `modality.unset.<kind>` says: "embedded" without a root, or "root".
    """
    modality = config.modality
    choices = {**modality.net, "recipe": config.get("recipe", {}).get("name") or ""}
    for option, presets in modality.get("presets", {}).items():
        preset = presets.get(choices[option], {})
        fill_in(config, preset.get(kind, {}))
        fill_in(config, preset)
    fill_in(config, modality.unset[kind])


def fill_in(config: DictConfig, sections: DictConfig | dict[str, Any]) -> None:
    """Give options that are still None these values, {section: {option: value}}."""
    for section, values in sections.items():
        target = config.modality[section] if section in ("net", "data") else config.get(section, {})
        for key, value in values.items():
            if key in target and target[key] is None:
                target[key] = value


def usual(modality: DictConfig) -> Modality:
    """A composed modality with its unset options as they are for a user's own data."""
    return usual_settings(OmegaConf.create({"modality": modality})).modality


def usual_settings(config: DictConfig) -> Settings:
    """The same of a whole config; parts that it lacks are Python's."""
    fill(config, "root")
    return made(config)


def plain_values(settings: Settings) -> dict[str, Any]:
    """What config.yaml holds: values only, no class names; `presets`, `unset` and `code` are the package's own."""
    values = plain_options(settings)
    for name in ("presets", "unset", "code"):
        del values["modality"][name]
    return values


def to_yaml(settings: Settings) -> str:
    return OmegaConf.to_yaml(OmegaConf.create(plain_values(settings)))


def plain_options(options: Any) -> dict[str, Any]:
    """A dataclass of options as plain values."""
    return cast(dict[str, Any], OmegaConf.to_container(OmegaConf.structured(options)))


def read_run(folder: str | Path) -> dict[str, Any]:
    """The plain values of a run folder's config.yaml.

    Raises:
        FileNotFoundError: no run folder.
        ValueError: not a config of a run: unreadable, without a known modality, or naming code in a `_target_`.
    """
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is not a run folder: it has no {CONFIG}")
    try:
        values: Any = OmegaConf.to_container(OmegaConf.load(path))
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"{path} cannot be read as YAML: {error}") from error
    if has_target(values):
        raise ValueError(f"{path} holds a _target_, which a run folder never does: it could name any code. Refused")
    modality = values.get("modality") if isinstance(values, dict) else None
    modality = modality if isinstance(modality, dict) else {}
    check_modality(modality.get("name"), path)
    # which code a modality is made of is the packaged config's to say
    plain = {name: modality[name] for name in ("name", "net", "data") if name in modality}
    return {name: values[name] for name in KEPT if name in values} | {"modality": plain}


def check_modality(name: Any, path: Path) -> None:
    known = configs.names("modality")
    if name not in known:
        raise ValueError(f"{path} names the modality {name!r}; known are {', '.join(known)}")


def has_target(value: Any) -> bool:
    if isinstance(value, dict):
        return "_target_" in value or any(map(has_target, value.values()))
    return isinstance(value, list) and any(map(has_target, value))


def modality_of(card: dict[str, Any], path: Path) -> Modality:
    """The packaged modality that a net's card names, with the card's net and preprocessing options laid over it.

    Raises:
        ValueError: an unknown modality or option, or a value of the wrong type.
    """
    check_modality(card.get("modality"), path)
    if has_target(card):
        raise ValueError(f"{path} holds a _target_, which a net's card never does: it could name any code. Refused")
    packaged = configs.load(f"modality/{card['modality']}")
    try:
        merged = OmegaConf.merge(packaged, {"net": card.get("net", {}), "data": card.get("data", {})})
    except OmegaConfBaseException as error:
        raise ValueError(f"{path} does not fit the modality {card['modality']}: {error}") from error
    return cast(Modality, OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Modality), merged)))
