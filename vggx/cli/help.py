"""The texts of `vggx --help` and `vggx <command> --help`; neither imports torch."""

from collections.abc import Iterable
from typing import Any

from vggx import __version__
from vggx.cli.table import BY_CARD, COMMANDS, EXAMPLES, MEANINGS, config_name


def overview() -> str:
    examples = "\n".join(f"  {EXAMPLES[name][0]}" for name in COMMANDS)
    return (
        f"vggx {__version__}: one VGG for images, video and sound\n\nvggx <command> key=value ...\n\n"
        f"{listed(COMMANDS)}\n\nExamples\n{examples}\n\nvggx <command> --help tells the keys of a command."
    )


def listed(commands: Iterable[str]) -> str:
    width = max(map(len, COMMANDS)) + 2
    return "\n".join(f"  {name:{width}}{COMMANDS[name]}" for name in commands)


def of_family(word: str) -> str:
    """What a first word that is not a command by itself, such as `data`, can be followed by."""
    commands = [name for name in COMMANDS if name.split()[0] == word]
    examples = "\n".join(f"  {EXAMPLES[name][0]}" for name in commands)
    return f"vggx {word} <what> key=value ...\n\n{listed(commands)}\n\nExamples\n{examples}"


def of_command(command: str) -> str:
    """A command's examples, its keys with their defaults, and the groups it chooses from."""
    from vggx import configs
    from vggx.cli import keys

    lines = [f"vggx {command} key=value ...: {COMMANDS[command]}", "", "Examples"]
    lines += [f"  {example}" for example in EXAMPLES[command]]
    lines += ["", "Keys and defaults (null: not set, or set by the kind of data)"]
    own = keys.leaves(configs.load(config_name(command)))
    meanings = MEANINGS.get(command, {})
    lines += [with_meaning(f"  {key} = {words(value)}", meanings.get(key)) for key, value in own.items()]
    for group in keys.groups(command):
        names = configs.names(group)
        lines += ["", f"{group} = {' | '.join(names)}"]
        for name in names if group in keys.WHOLE else ["default"]:
            if name in names:
                options = keys.leaves(configs.load(f"{group}/{name}"))
                lines += [f"  {name}:"] if group in keys.WHOLE else []
                lines += [f"  {group}.{key} = {words(value)}" for key, value in options.items() if key != "name"]
    kin = [name for name in COMMANDS if name.split()[0] == command.split()[0] and name != command]
    if kin:
        lines += ["", "See also", listed(kin)]
    if command not in BY_CARD:
        lines += ["", "-m sweeps over values parted by commas; --cfg job shows the composed config."]
    return "\n".join(lines)


def with_meaning(line: str, meaning: str | None) -> str:
    return f"{line:27} # {meaning}" if meaning else line


def words(value: Any) -> str:
    return {"None": "null", "???": "required", "True": "true", "False": "false"}.get(str(value), str(value))
