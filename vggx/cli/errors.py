"""An error -> one message that names the key or file and what would be right, and an exit code."""

import sys
import traceback

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from vggx import commands, configs
from vggx.cli import keys
from vggx.cli.arguments import FAMILIES, is_open, value_of
from vggx.commands import COMMANDS

USAGE, FAILED = 2, 1
# of Lightning and torch, by name, so that an error in a word does not have to import them
FOREIGN = ("MisconfigurationException", "OutOfMemoryError")


def fail(name: str, text: str, code: int) -> int:
    print(f"{name}: error: {text}", file=sys.stderr)
    return code


def no_command(command: str, rest: list[str]) -> str:
    """That there is none of this name; of a family, what there is."""
    known = [name.split()[1] for name in COMMANDS if name.split()[0] == command and " " in name]
    if not known:
        return f"there is no command {command!r}{keys.nearest(command, [*COMMANDS, *FAMILIES])} See vggx --help"
    wrong = f"{command} {rest[0]}"
    return f"there is no command {wrong!r}{keys.nearest(rest[0], known)} Known: {command} {' | '.join(known)}"


def left_out(command: str, words: list[str]) -> str | None:
    """What a command needs and was not given, or None."""
    about = commands.command(command)
    for needed in about.required:
        if value_of(words, *needed) is None:
            names = " or ".join(f"{key}=..." for key in needed)
            choices = f" (modalities: {', '.join(configs.names('modality'))})" if "modality" in needed else ""
            return f"{names} is required{choices}, for example\n  {about.examples[0]}"
    for group, givers in {"modality": ("run", "runs", "resume", "experiment"), "device": ()}.items():
        orphan = next((word for word in words if word.startswith(f"{group}.")), None)
        if orphan and group in keys.groups(command) and value_of(words, group, *givers) is None:
            return f"{orphan} needs {group}=..., one of {', '.join(configs.names(group))}"
    return None


def explain(command: str, words: list[str], error: Exception) -> int:
    """Print what went wrong in the user's terms; a traceback only for what should not happen."""
    name = f"vggx {command}"
    if isinstance(error, HydraException | OmegaConfBaseException):
        return fail(name, config_message(command, words, error), USAGE)
    known = isinstance(error, ValueError | OSError | FloatingPointError | ModuleNotFoundError)
    if not known and type(error).__name__ not in FOREIGN:
        traceback.print_exception(error)
        return fail(name, "this should not happen; the lines above say where it did", FAILED)
    # a loading process hands on its whole traceback; the reason is its last line
    text = str(error).strip()
    return fail(name, text.splitlines()[-1] if "Original Traceback" in text else text, FAILED)


def unknown_word(command: str, words: list[str]) -> str | None:
    """Of all words, the first that names no key or no choice, with the nearest right one."""
    known = keys.known(command, value_of(words, "modality"))
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key.startswith(("-", "+", "~", "hydra")):
            continue
        if key in keys.groups(command):
            names = configs.names(key)
            wrong = [choice for choice in value.split(",") if choice not in (*names, "null")]
            if wrong:
                return f"there is no {word}{keys.nearest(wrong[0], names)} Known: {', '.join(names)}"
        elif key not in known and key != "past" and not is_open(key):
            return f"there is no key {key!r}{keys.nearest_key(key, known)} See vggx {command} --help"
    return None


def config_message(command: str, words: list[str], error: Exception) -> str:
    """The word at fault, else what Hydra says."""
    wrong = unknown_word(command, words)
    if wrong:
        return wrong
    lines = [line.strip() for line in str(error).splitlines() if "full_key" not in line and "object_type" not in line]
    reason = str(error.__cause__).splitlines()[0] if error.__cause__ else ""
    return " ".join([*lines[:2], reason]).strip()
