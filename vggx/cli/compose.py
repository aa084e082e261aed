"""words -> Hydra -> the command's job.

A file of its own: Hydra takes the folders beside the file of the function that it calls for groups of configs, and
`vggx/weights`, beside `vggx/cli`, would stand in the way of the key `weights`.
"""

import os
import sys
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from vggx import configs, settings
from vggx.cli import errors
from vggx.cli.arguments import swept_along
from vggx.cli.jobs import JOBS
from vggx.cli.keys import groups
from vggx.cli.table import BY_CARD, config_name


def first_run(words: list[str]) -> str | None:
    """The first of runs=[RUN1,RUN2], or nothing."""
    word = next((word for word in words if word.startswith("runs=")), None)
    runs: Any = OverridesParser.create().parse_override(word).value() if word else []
    return str(runs[0] if isinstance(runs, list) else runs) if runs else None


def run(command: str, words: list[str], past: str | None) -> int:
    """Compose the command's config with Hydra and do its job, once or for each job of a sweep; the worst exit code.

    Args:
        past: the run folder whose settings stand between the packaged config and the words of this command.
    """
    configs.register(config_name(command))
    past = past or (first_run(words) if command == "evaluate" else None)
    if past is not None and command not in BY_CARD:
        values = settings.read_run(past)
        if command != "train":  # where a run lay is no word of what is done with it
            values.pop("runs", None)
        configs.remember(values)
        # runs older than tasks are of the one that there was
        task = [f"task={values.get('task', {'name': 'classify'})['name']}"] if "task" in groups(command) else []
        words = [f"modality={values['modality']['name']}", *task, "past=run", *words]
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
