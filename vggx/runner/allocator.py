"""CPU memory that a step has freed stays with the process, for the next step to take."""

import ctypes
import platform

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of glibc's mallopt
NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Tell glibc, where it is the allocator, not to hand large blocks back to the system.

    By itself it does with every map of a net, and the system clears their pages anew at every step, at a price that
    benchmarks/README.md tells. The process keeps what it took at its peak, and some for the holes between blocks.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(MMAP_THRESHOLD, NEVER)
        libc.mallopt(TRIM_THRESHOLD, NEVER)
