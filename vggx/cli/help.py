"""The texts of `vggx --help` and `vggx <command> --help`; neither imports torch."""

from typing import Any

from vggx import __version__
from vggx.cli.table import COMMANDS, EXAMPLES


def overview() -> str:
    commands = "\n".join(f"  {name:10}{text}" for name, text in COMMANDS.items())
    examples = "\n".join(f"  {EXAMPLES[name][0]}" for name in COMMANDS)
    return (
        f"vggx {__version__}: one VGG for images, video and sound\n\nvggx <command> key=value ...\n\n{commands}\n\n"
        f"Examples\n{examples}\n\nvggx <command> --help tells the keys of a command."
    )


def of_command(command: str) -> str:
    """A command's examples, its keys with their defaults, and the groups it chooses from."""
    from vggx import configs
    from vggx.cli import keys

    lines = [f"vggx {command} key=value ...: {COMMANDS[command]}", "", "Examples"]
    lines += [f"  {example}" for example in EXAMPLES[command]]
    lines += ["", "Keys and defaults (null: not set, or set by the kind of data)"]
    lines += [f"  {key} = {words(value)}" for key, value in keys.leaves(configs.load(command)).items()]
    for group in keys.groups(command):
        names = configs.names(group)
        lines += ["", f"{group} = {' | '.join(names)}"]
        for name in names if group == "modality" else ["default"]:
            if name in names:
                options = keys.leaves(configs.load(f"{group}/{name}"))
                lines += [f"  {name}:"] if group == "modality" else []
                lines += [f"  {group}.{key} = {words(value)}" for key, value in options.items() if key != "name"]
    if command != "predict":
        lines += ["", "-m sweeps over values parted by commas; --cfg job shows the composed config."]
    return "\n".join(lines)


def words(value: Any) -> str:
    return {"None": "null", "???": "required", "True": "true", "False": "false"}.get(str(value), str(value))
