"""What a command of the command line is: its purpose, its keys, and one call of it; plain data, without torch."""

from vggx.keys.beginning import Beginning
from vggx.keys.check import checked
from vggx.keys.command import NEEDED, Command
from vggx.keys.field import REQUIRED, Format, Key, Precision, Quantity, Several, Split, key, keys_of
from vggx.keys.job import Job
from vggx.keys.rows import Rows
from vggx.keys.words import as_typed, choices, quoted

__all__ = [
    "NEEDED",
    "REQUIRED",
    "Beginning",
    "Command",
    "Format",
    "Job",
    "Key",
    "Precision",
    "Quantity",
    "Rows",
    "Several",
    "Split",
    "as_typed",
    "checked",
    "choices",
    "key",
    "keys_of",
    "quoted",
]
