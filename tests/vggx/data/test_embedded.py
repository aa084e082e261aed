"""vggx.data.embedded: written once, whole or not at all, where the user's caches belong."""

import os
import threading
from pathlib import Path

import pytest

from vggx.data.embedded import cache_folder, embedded


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache"


def test_where_the_cache_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VGGX_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "vggx"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "vggx"
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


def test_it_is_written_once(cache: Path) -> None:
    calls = []

    def write(folder: Path) -> None:
        calls.append(folder)
        (folder / "a").mkdir()
        (folder / "a" / "1.txt").write_text("x")

    assert embedded("things-1", write) == cache / "things-1"
    assert embedded("things-1", write) == cache / "things-1"
    assert len(calls) == 1
    assert calls[0].parent == cache  # beside its target, so that the renaming is one step
    assert [path.name for path in cache.iterdir()] == ["things-1"]
    assert (cache / "things-1" / "a" / "1.txt").read_text() == "x"


def test_others_may_read_it(cache: Path) -> None:
    folder = embedded("things-1", lambda place: (place / "1.txt").touch())
    assert folder.stat().st_mode & 0o555 == 0o555


def test_a_failed_writing_leaves_nothing(cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half.txt").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embedded("things-1", fail)
    assert list(cache.iterdir()) == []
    assert embedded("things-1", lambda place: (place / "whole.txt").touch()).is_dir()


def test_two_at_once_both_end_with_a_whole_folder(cache: Path) -> None:
    meet = threading.Barrier(2, timeout=30)
    found: list[list[str]] = []

    def write(folder: Path) -> None:
        (folder / "1.txt").touch()
        meet.wait()  # neither is done before the other has begun

    def run() -> None:
        folder = embedded("things-1", write)
        found.append(sorted(os.listdir(folder)))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [["1.txt"], ["1.txt"]]
    assert [path.name for path in cache.iterdir()] == ["things-1"]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="file"):
        embedded("things-1", lambda place: None)
