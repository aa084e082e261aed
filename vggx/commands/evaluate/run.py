"""A composed config -> `vggx evaluate`, shown on screen; the exit code."""

from pathlib import Path

from omegaconf import OmegaConf

from vggx import settings
from vggx.commands.evaluate.options import Options
from vggx.keys import Job
from vggx.report import protocols, time_probe
from vggx.runner.evaluate import ProtocolOptions, evaluate


def run(options: Options, job: Job) -> int:
    protocol = ProtocolOptions(options.protocol, options.scales, options.flip, options.grid)
    whole = OmegaConf.create({name: value for name, value in job.config.items() if name != "runs"})
    found = evaluate(
        settings.resolve(whole),
        [Path(run) for run in options.runs or [str(options.run)]],
        options.split,
        protocol,
        time_probe=options.time_probe,
        curve=options.curve,
    )
    if found["table"]:
        protocols.show(found["table"], found["split"])
    print(found["told"])
    if options.time_probe:
        time_probe.show(found["time_probe"])
    if found["bad_files"]:
        print(f"{len(found['bad_files'])} unreadable files were left out; the JSON file lists them")
    print(f"files: {found['written']}")
    return 0
