"""The command line's words, made ready for Hydra: paths quoted, so that every character in them is taken as it is."""

SWEEPS = ("choice(", "range(", "interval(", "glob(", "shuffle(", "sort(")
PATH_KEYS = (
    "root", "manifest", "run", "source", "target", "weights", "resume", "runs", "output", "plots", "frame_scores",
    "inputs", "class",
)  # fmt: skip
LISTS = ("inputs", "runs")  # of which a user may give several, in brackets


def quoted(value: str) -> str:
    """A value that Hydra's grammar reads as exactly this text.

    Inside quotes only the quote, backslashes before it and the `${` of an interpolation need an escape.
    """
    text = value.replace("${", "\\${")
    out = []
    backslashes = 0
    for character in text:
        if character == "'":
            out.append("\\" * backslashes + "\\")
        out.append(character)
        backslashes = backslashes + 1 if character == "\\" else 0
    return "'" + "".join(out) + "\\" * backslashes + "'"


def is_literal(key: str, value: str, sweep: bool) -> bool:
    """Whether a word is a path that the user left unquoted; lists and, in a sweep, choices stay Hydra's to read."""
    if key.lstrip("+").rpartition(".")[2] not in PATH_KEYS or value in ("", "null"):
        return False
    if value[0] in "'\"" and value[-1] == value[0] and len(value) > 1:
        return False
    is_list = key in LISTS and value.startswith("[") and value.endswith("]")
    return not is_list and not (sweep and ("," in value or "(" in value))


def literal_paths(words: list[str]) -> list[str]:
    """`modality.data.root=a b [1].d` -> `modality.data.root='a b [1].d'`; other words as they are."""
    sweep = "-m" in words or "--multirun" in words
    ready = []
    for word in words:
        key, equals, value = word.partition("=")
        is_path = equals and not word.startswith("-") and is_literal(key, value, sweep)
        ready.append(f"{key}={quoted(value)}" if is_path else word)
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


def value_of(words: list[str], *keys: str) -> str | None:
    """The last value given to one of the keys, unquoted."""
    found = None
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in keys:
            found = value[1:-1] if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0] else value
    return found
