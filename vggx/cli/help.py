"""The texts of `vggx --help` and `vggx <command> --help`; neither imports torch."""

from collections.abc import Iterable

from vggx import __version__, commands
from vggx.commands import COMMANDS
from vggx.keys import REQUIRED, Key, as_typed, choices, keys_of


def overview() -> str:
    examples = "\n".join(f"  {commands.command(name).examples[0]}" for name in COMMANDS)
    return (
        f"vggx {__version__}: one VGG for images, video and sound\n\nvggx <command> key=value ...\n\n"
        f"{listed(COMMANDS)}\n\nExamples\n{examples}\n\nvggx <command> --help tells the keys of a command."
    )


def listed(names: Iterable[str]) -> str:
    width = max(map(len, COMMANDS)) + 2
    return "\n".join(f"  {name:{width}}{commands.command(name).purpose}" for name in names)


def of_family(word: str) -> str:
    """What a first word that is not a command by itself, such as `data`, can be followed by."""
    kin = [name for name in COMMANDS if name.split()[0] == word]
    examples = "\n".join(f"  {commands.command(name).examples[0]}" for name in kin)
    return f"vggx {word} <what> key=value ...\n\n{listed(kin)}\n\nExamples\n{examples}"


def of_command(command: str) -> str:
    """A command's examples, its keys with defaults, units and help, and the groups it chooses from."""
    from vggx import configs
    from vggx.cli import keys

    about = commands.command(command)
    lines = [f"vggx {command} key=value ...: {about.purpose}", "", "Examples"]
    lines += [f"  {example}" for example in about.examples]
    lines += ["", "Keys and defaults (null: not set, or set by the kind of data)"]
    lines += [of_key(key) for key in keys_of(about.options)]
    for group in keys.groups(command):
        names = configs.names(group)
        lines += ["", f"{group} = {' | '.join(names)}"]
        for name in names if group in keys.WHOLE else ["default"]:
            if name in names:
                options = keys.leaves(configs.load(f"{group}/{name}"))
                lines += [f"  {name}:"] if group in keys.WHOLE else []
                lines += [f"  {group}.{key} = {as_typed(value)}" for key, value in options.items() if key != "name"]
    kin = [name for name in COMMANDS if name.split()[0] == command.split()[0] and name != command]
    if kin:
        lines += ["", "See also", listed(kin)]
    if "modality" in about.groups:
        lines += ["", "-m sweeps over values parted by commas; --cfg job shows the composed config."]
        lines += ["plugins=[my.py] enters blocks, heads and tasks of your own before all else (docs/add_a_block.md)."]
    return "\n".join(lines)


def of_key(key: Key) -> str:
    """`  count = 16                # samples: that are drawn`"""
    default = "required" if key.default is REQUIRED else as_typed(key.default)
    *first, last = choices(key.type) or [""]
    what = f"{', '.join(first)} or {last}" if first else key.unit if key.unit != key.name else ""
    what += f", such as {key.example}" if key.example else ""
    return f"{f'  {key.name} = {default}':27} # {f'{what}: ' if what else ''}{key.help}"
