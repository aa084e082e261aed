"""vggx <command> key=value ...: words -> Hydra -> the command's job."""

import os
import sys
from typing import Any

from vggx import __version__
from vggx.cli import help
from vggx.cli.arguments import literal_paths, swept_along, value_of
from vggx.cli.table import COMMANDS, FAMILIES, config_name, is_second_word, parted


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
    given, rest = rest, literal_paths(rest)
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
    try:
        return run(command, rest, value_of(given, "run", "resume"))
    except KeyboardInterrupt:
        return errors.fail(f"vggx {command}", "interrupted", 130)
    except Exception as error:
        if os.environ.get("VGGX_TRACEBACK"):
            raise
        return errors.explain(command, rest, error)


def run(command: str, words: list[str], past: str | None) -> int:
    """Compose the command's config with Hydra and do its job, once or for each job of a sweep; the worst exit code.

    Args:
        past: the run folder whose settings stand between the packaged config and the words of this command.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from vggx import configs, settings
    from vggx.cli import errors
    from vggx.cli.jobs import JOBS

    configs.register()
    if past is not None and command != "predict":
        values = settings.read_run(past)
        configs.remember(values)
        words = [f"modality={values['modality']['name']}", "past=run", *words]
    words = swept_along(words)
    codes: list[int] = []
    called = sys.argv

    def job(config: Any) -> None:
        # a strategy that starts more processes repeats these words: of a sweep only this job's
        sweep = HydraConfig.get().mode == RunMode.MULTIRUN
        sys.argv = [called[0], *command.split(), *HydraConfig.get().overrides.task] if sweep else called
        try:
            codes.append(JOBS[command](config))
        except Exception as error:  # the other jobs of a sweep go on
            if os.environ.get("VGGX_TRACEBACK"):
                raise
            codes.append(errors.explain(command, words, error))

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to `main`, which words them
    sys.argv = [called[0], *words]
    try:
        hydra.main(version_base="1.3", config_path=None, config_name=config_name(command))(job)()
    finally:
        sys.argv = called
    return max(codes, default=0)
