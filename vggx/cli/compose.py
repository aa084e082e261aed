"""words -> Hydra -> the command's work.

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
from omegaconf import Container, DictConfig, OmegaConf

from vggx import commands, configs, settings
from vggx.cli import errors
from vggx.cli.arguments import appended, swept_along
from vggx.cli.plugins import WORD
from vggx.keys import Job, checked


def first_run(words: list[str]) -> str | None:
    """The first of runs=[RUN1,RUN2], or nothing."""
    word = next((word for word in words if word.startswith("runs=")), None)
    runs: Any = OverridesParser.create().parse_override(word).value() if word else []
    return str(runs[0] if isinstance(runs, list) else runs) if runs else None


def plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if isinstance(value, Container) else value


def job_of(config: DictConfig) -> Job:
    """What Hydra knows of the job that it is in."""
    hydra = HydraConfig.get()
    given = frozenset(word.partition("=")[0].lstrip("+") for word in hydra.overrides.task)
    return Job(config=config, given=given, number=int(hydra.job.num) if hydra.mode == RunMode.MULTIRUN else None)


def run(command: str, words: list[str], past: str | None) -> int:
    """Compose the command's config with Hydra and do its work, once or for each job of a sweep; the worst exit code.

    Args:
        past: the run folder whose settings stand between the packaged config and the words of this command.
    """
    about = commands.command(command)
    configs.register(command, about.config())
    past = past or (first_run(words) if command == "evaluate" else None)
    if past is not None and "modality" in about.groups:
        values = settings.read_run(past)
        if command != "train":  # where a run lay is no word of what is done with it
            values.pop("runs", None)
        configs.remember(values)
        # runs older than tasks are of the one that there was
        task = [f"task={values.get('task', {'name': 'classify'})['name']}"] if "task" in about.groups else []
        words = [f"modality={values['modality']['name']}", *task, "past=run", *words]
    words = appended(swept_along(words))
    codes: list[int] = []
    called = sys.argv

    def job(config: DictConfig) -> None:
        # a strategy that starts more processes repeats these words: of a sweep only this job's
        sweep = HydraConfig.get().mode == RunMode.MULTIRUN
        own = [word for word in called if word.startswith(WORD)]
        sys.argv = [called[0], *command.split(), *HydraConfig.get().overrides.task, *own] if sweep else called
        try:
            options: Any = checked(about.options, {name: plain(config[name]) for name in about.defaults()})
            codes.append(commands.run(command)(options, job_of(config)))
        except Exception as error:  # the other jobs of a sweep go on
            if os.environ.get("VGGX_TRACEBACK"):
                raise
            codes.append(errors.explain(command, words, error))

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to `main`, which words them
    sys.argv = [called[0], *words]
    try:
        hydra.main(version_base="1.3", config_path=None, config_name=command)(job)()
    finally:
        sys.argv = called
    return max(codes, default=0)
