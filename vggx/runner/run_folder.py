"""runs/<modality>/<time>[-<job>]: made new for every run; no run is ever written over."""

from datetime import datetime
from pathlib import Path

from vggx.files import WRITING

LAST, BEST = "checkpoints/last.ckpt", "checkpoints/best.ckpt"
SUMMARY = "summary.json"


def new_run(runs: str, modality: str, job: int | None = None) -> Path:
    """A folder of its own for a run; `job` is the run's number in a sweep."""
    time = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    name = time if job is None else f"{time}-{job}"
    for attempt in range(1, 1000):
        folder = Path(runs) / modality / (name if attempt == 1 else f"{name}.{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{Path(runs) / modality / name} and 998 more like it exist")


def last_checkpoint(folder: Path) -> Path:
    """
    Raises:
        FileNotFoundError: the run never ended an epoch.
    """
    path = folder / LAST
    if not path.is_file():
        raise FileNotFoundError(f"{folder} cannot be resumed: it has no {LAST} (did it end its first epoch?)")
    return path


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files of a run that was killed while it wrote."""
    for path in [*folder.glob(f"{WRITING}*"), *folder.glob(f"checkpoints/{WRITING}*")]:
        path.unlink()
