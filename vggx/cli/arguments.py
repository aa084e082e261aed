"""The command line's words, made ready for Hydra: texts quoted, so that every character in them is taken as it is."""

from vggx import commands
from vggx.commands import COMMANDS
from vggx.keys import keys_of, quoted
from vggx.keys.words import is_list, is_text

OPEN = ("modality.net.head_options.", "modality.net.extra_options.")
SWEEPS = ("choice(", "range(", "interval(", "glob(", "shuffle(", "sort(")
MODALITY_TEXTS = ("modality.data.root", "modality.data.manifest")
# the first words of commands of two, where they are no command by themselves
FAMILIES = sorted({name.split()[0] for name in COMMANDS if " " in name} - set(COMMANDS))


def parted(words: list[str]) -> tuple[str, list[str]]:
    """The words of a command line -> the command and the rest; of a family without a second word, the family."""
    second = " ".join(words[:2])
    return (second, words[2:]) if second in COMMANDS else (words[0], words[1:])


def is_second_word(command: str, rest: list[str]) -> bool:
    """Whether a bare word follows a command that others begin with: `cost bugdet` is no `cost`."""
    begins = any(name.startswith(f"{command} ") for name in COMMANDS)
    return begins and bool(rest) and "=" not in rest[0] and not rest[0].startswith("-")


def texts(command: str) -> dict[str, bool]:
    """The keys of a command whose value is a text, such as a path; and whether they take several."""
    keys = keys_of(commands.command(command).options) if command in COMMANDS else []
    return dict.fromkeys(MODALITY_TEXTS, False) | {key.name: is_list(key.type) for key in keys if is_text(key.type)}


def is_literal(value: str, several: bool, sweep: bool) -> bool:
    """Whether a text is one that the user left unquoted; lists and, in a sweep, choices stay Hydra's to read."""
    if value in ("", "null"):
        return False
    if value[0] in "'\"" and value[-1] == value[0] and len(value) > 1:
        return False
    in_brackets = several and value.startswith("[") and value.endswith("]")
    return not in_brackets and not (sweep and ("," in value or "(" in value))


def literal_texts(command: str, words: list[str]) -> list[str]:
    """`modality.data.root=a b [1].d` -> `modality.data.root='a b [1].d'`; other words as they are."""
    known, sweep = texts(command), "-m" in words or "--multirun" in words
    ready = []
    for word in words:
        key, equals, value = word.partition("=")
        name = key.lstrip("+")
        literal = equals and name in known and is_literal(value, known[name], sweep)
        ready.append(f"{key}={quoted(value)}" if literal else word)
    return ready


def swept_along(words: list[str]) -> list[str]:
    """In a sweep over modalities, their options as sweeps of one value.

    Hydra composes a config without what is swept first, in which there is no modality yet to have options.
    """
    swept = ("-m" in words or "--multirun" in words) and "," in (value_of(words, "modality") or "")
    ready = []
    for word in words:
        key, _, value = word.partition("=")
        ready.append(f"{key}=choice({value})" if swept and is_single(key, value) else word)
    return ready


def is_single(key: str, value: str) -> bool:
    """Whether a word sets an option of the modality to one value, a list or a quoted text too."""
    many = "," in value and value[0] not in "['\"{"
    return key.startswith("modality.") and value != "" and not many and not value.startswith(SWEEPS)


def is_open(key: str) -> bool:
    """Whether a key is of the options of a part of one's own, whose names nobody else knows."""
    return key.startswith(OPEN)


def appended(words: list[str]) -> list[str]:
    """Words of such options as Hydra wants what it does not know: +modality.net.head_options.width=16."""
    return [f"+{word}" if is_open(word) else word for word in words]


def value_of(words: list[str], *keys: str) -> str | None:
    """The last value given to one of the keys, unquoted."""
    found = None
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in keys:
            found = value[1:-1] if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0] else value
    return found
