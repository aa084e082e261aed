"""vggx.files: a target is whole or as it was, whatever happens to its writer."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vggx import files

TIMEOUT = 60  # seconds, for a process that takes one


@pytest.fixture
def umask() -> Iterator[None]:
    """027: others may do nothing."""
    before = os.umask(0o027)
    yield
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def permission(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_target_is_written_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with files.atomic(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_the_old_file_stands_until_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with files.atomic(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_no_temporary(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def interrupted() -> None:
        with files.atomic(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_exception_leaves_no_target_where_there_was_none(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        files.write_json(tmp_path / "a.json", {"a": object()})
    assert names(tmp_path) == []


def test_the_temporary_lies_beside_the_target_with_its_suffix(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "net.tar.safetensors"
    with files.atomic(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".safetensors"
        assert temporary.name.startswith(".")  # hidden from a listing
    assert names(target.parent) == ["net.tar.safetensors"]


@pytest.mark.usefixtures("umask")
def test_permission_is_that_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("")
    files.write_text(tmp_path / "atomic.txt", "")
    assert permission(tmp_path / "atomic.txt") == permission(tmp_path / "plain.txt") == 0o640


@pytest.mark.usefixtures("umask")
def test_asking_for_the_umask_does_not_change_it() -> None:
    assert [files.current_umask(), files.current_umask()] == [0o027, 0o027]


def test_names_with_spaces_brackets_and_other_scripts(tmp_path: Path) -> None:
    target = tmp_path / "a b=[c],é 数.json"
    files.write_json(target, {"é": [1, None]})
    assert names(tmp_path) == [target.name]
    assert "é" in target.read_text(encoding="utf-8")
    assert json.loads(target.read_text(encoding="utf-8")) == {"é": [1, None]}


def test_a_target_that_is_a_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OSError, match=r"a\.txt"):
        files.write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == ["a.txt"]


KILLED = """
import os, signal, sys
from vggx import files
with files.atomic(sys.argv[1]) as temporary, temporary.open("w") as file:
    file.write("half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
WRITING = """
import sys
from vggx import files
print("ready", flush=True)
while True:
    for letter in "ab":
        files.write_text(sys.argv[1], letter * 1_000_000)
"""


def test_kill_9_in_the_middle_of_writing_leaves_the_old_file_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], timeout=TIMEOUT, check=False)
    assert done.returncode == -9
    assert target.read_text() == "old"
    (left,) = (path for path in tmp_path.iterdir() if path != target)
    assert left.name.startswith(f"{files.WRITING}a.")
    assert left.read_text() == "half"


@pytest.mark.parametrize("pause", [0.0, 0.011, 0.05, 0.123])
def test_kill_9_at_any_moment_leaves_a_whole_file(tmp_path: Path, pause: float) -> None:
    target = tmp_path / "a.txt"
    target.write_text("b" * 1_000_000)
    command = [sys.executable, "-c", WRITING, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(pause)
        finally:
            writer.kill()
        assert writer.wait(TIMEOUT) == -9
    assert target.read_text() in ("a" * 1_000_000, "b" * 1_000_000)


def test_write_csv_takes_the_union_of_the_keys(tmp_path: Path) -> None:
    files.write_csv(tmp_path / "a.csv", [{"b": 1, "a": "x, y"}, {"c": None, "a": 'say "é"'}])
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines() == ["b,a,c", '1,"x, y",', ',"say ""é""",']


def test_write_csv_replaces_the_old_table(tmp_path: Path) -> None:
    for rows in ([{"a": 1}, {"a": 2}], [{"b": 3}]):
        files.write_csv(tmp_path / "a.csv", rows)
    assert (tmp_path / "a.csv").read_text().splitlines() == ["b", "3"]
    assert names(tmp_path) == ["a.csv"]
