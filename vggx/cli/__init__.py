"""vggx <command> key=value ...: words -> Hydra -> the command's work."""

import os
import sys

from vggx import __version__
from vggx.cli import help
from vggx.cli.arguments import FAMILIES, is_second_word, literal_texts, parted, value_of
from vggx.commands import COMMANDS


def main() -> int:
    # idle OpenMP threads that spin take the cores that the loading processes need: on two cores training is up to
    # five times slower; read when torch is imported, which is later
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help", "help"):
        print(help.overview())
        return 0 if words else 2
    if words[0] == "--version":
        print(f"vggx {__version__}")
        return 0
    command, rest = parted(words)
    if command in FAMILIES and (not rest or rest[0] in ("-h", "--help")):
        print(help.of_family(command))
        return 0 if rest else 2
    if any(word.startswith("plugins=") for word in rest):
        from vggx.cli import plugins

        files, rest = plugins.parted(rest)
        try:
            plugins.load(files)
        except (OSError, ValueError) as error:
            print(f"vggx {command}: error: {error}", file=sys.stderr)
            return 2
    given, rest = rest, literal_texts(command, rest)
    if command in COMMANDS and ("-h" in rest or "--help" in rest):
        print(help.of_command(command))
        return 0

    from vggx.cli import errors

    if command not in COMMANDS or is_second_word(command, rest):
        return errors.fail("vggx", errors.no_command(command, rest), errors.USAGE)
    problem = errors.left_out(command, rest)
    problem = problem and (errors.unknown_word(command, rest) or problem)
    if problem:
        return errors.fail(f"vggx {command}", problem, errors.USAGE)
    from vggx.cli.compose import run

    try:
        return run(command, rest, value_of(given, "run", "resume"))
    except KeyboardInterrupt:
        return errors.fail(f"vggx {command}", "interrupted", 130)
    except Exception as error:
        if os.environ.get("VGGX_TRACEBACK"):
            raise
        return errors.explain(command, rest, error)
