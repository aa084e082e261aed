"""Calls in other processes: answers in order, errors as they are, and a process that dies is named by its call."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from vggx.commands.data_reencode.processes import in_processes, worker_count


@pytest.mark.parametrize("workers", [0, 2])
def test_answers_come_in_the_order_of_the_calls(workers: int) -> None:
    calls = [(number, 3) for number in range(20)]
    assert list(in_processes(divmod, calls, workers, "")) == [divmod(*call) for call in calls]


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_is_the_functions(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_processes(divmod, [(1, 1), (1, 0)], workers, ""))


def test_what_a_lost_process_was_at_work_on_is_named() -> None:
    with pytest.raises(ChildProcessError, match=r"a process was lost; it was at work on one of these: 7$"):
        list(in_processes(os._exit, [(7,), (8,)], 1, ""))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_they_end_with_the_process_that_made_them(tmp_path: Path) -> None:
    """The child waits to open a pipe that nobody ever writes to; its end closes the output that it inherited."""
    os.mkfifo(tmp_path / "pipe")
    code = "import sys\nfrom vggx.commands.data_reencode.processes import in_processes\nprint('begun', flush=True)\n"
    code += "list(in_processes(open, [(sys.argv[1],)], 1, ''))"
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "pipe"], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"begun\n"
        with suppress(subprocess.TimeoutExpired):
            parent.wait(1)
        parent.kill()
        assert parent.communicate(timeout=30)[0] == b""  # which ends when the last process that holds it does


def test_workers() -> None:
    assert worker_count(3) == 3
    assert worker_count(None) == min(8, os.cpu_count() or 1)
    for wrong in (-1, True, 1.5, "two"):
        with pytest.raises(ValueError, match=f"workers must be a number of processes from 0 on, not {wrong}"):
            worker_count(wrong)
