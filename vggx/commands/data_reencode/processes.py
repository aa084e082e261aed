"""a function and what it is called with -> what it returns, in processes that end when this one does."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

from vggx.progress import progress

T = TypeVar("T")


def worker_count(workers: int | None) -> int:
    """One for each core up to 8 where None.

    Raises:
        ValueError: not a number from 0 on.
    """
    if workers is None:
        return min(8, os.cpu_count() or 1)
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 0:
        raise ValueError(f"workers must be a number of processes from 0 on, not {workers}")
    return workers


def in_processes(
    function: Callable[..., T], calls: Sequence[tuple[Any, ...]], workers: int, description: str
) -> Iterator[T]:
    """The answers in the order of the calls, with a bar; the processes are new ones, because the threads of FFmpeg and
    decord do not survive a fork.

    Args:
        function, calls: picklable; a call's first argument is its name.
        workers: 0 makes no process.

    Raises:
        ChildProcessError: a process was killed or crashed, naming what it may have been at work on; or as the function.
    """
    if not workers:
        yield from (function(*call) for call in progress(calls, description))
        return
    pool = ProcessPoolExecutor(min(workers, len(calls)), get_context("spawn"), follow)
    futures: list[Future[T]] = []
    try:
        for call in calls:
            futures.append(pool.submit(function, *call))
        yield from (future.result() for future in progress(futures, description))
    except BrokenProcessPool as error:
        # they are begun in order
        unanswered = [call for call, future in zip(calls, futures, strict=False) if not is_answered(future)]
        names = ", ".join(str(call[0]) for call in unanswered[:workers])
        raise ChildProcessError(f"a process was lost; it was at work on one of these: {names}") from error
    finally:
        pool.shutdown(cancel_futures=True)


def is_answered(future: Future[Any]) -> bool:
    return future.done() and not isinstance(future.exception(), BrokenProcessPool)


def follow() -> None:
    """End with the process that started this one, and without a word if the user interrupts both."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    def end() -> None:
        parent = parent_process()
        if parent:
            parent.join()
        os._exit(1)

    Thread(target=end, daemon=True).start()
