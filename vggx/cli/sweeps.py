"""What a job of a sweep (-m) does otherwise than one that stands alone."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode


def job_number() -> int | None:
    """Which job of a sweep this is; None outside of one."""
    hydra = HydraConfig.get()
    return int(hydra.job.num) if hydra.mode == RunMode.MULTIRUN else None


def numbered(path: str | None) -> str | None:
    """costs.csv -> costs-3.csv for the fourth job of a sweep, so that none writes over another's."""
    number = job_number()
    if path is None or number is None:
        return path
    target = Path(path)
    return str(target.with_name(f"{target.stem}-{number}{target.suffix}"))
