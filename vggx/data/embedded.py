"""The data sets that come with the package are made once, into a cache folder, and then read like any other."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache_folder() -> Path:
    """`$VGGX_CACHE`, or `vggx` in the user's cache folder."""
    given = os.environ.get("VGGX_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "vggx"


def embedded(name: str, write: Callable[[Path], None]) -> Path:
    """The folder of an embedded data set, written first if it is not there; `name` changes when its content does."""
    target = cache_folder() / name
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=target.parent))
        try:
            write(temporary)
            temporary.chmod(0o755)
            try:
                temporary.rename(target)
            except OSError:
                if not target.is_dir():  # another process may have been first, which is as good
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return target
