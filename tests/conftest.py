"""Fixtures of all tests: a cache folder of this session's own, and the real data where they lie beside the project."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[1] / "../shared/data"


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The embedded data sets are written here, once for all tests, and not into the user's cache."""
    before = os.environ.get("VGGX_CACHE")
    folder = tmp_path_factory.mktemp("cache")
    os.environ["VGGX_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["VGGX_CACHE"]
    else:
        os.environ["VGGX_CACHE"] = before


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; a test that needs it is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the real data in ../shared/data, which are not here")
    return SHARED
