"""Freed memory that stays: after some rounds of taking a block and dropping it, no page of it is cleared anew."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from vggx.runner.allocator import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()
for count in (40, 10):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(count):
        torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_a_block_is_not_cleared_anew() -> None:
    keep, usual = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True).stdout)
        for how in ("keep", "usual")
    )
    assert usual > 100  # of ten times 64 MiB, in huge pages or small ones
    assert keep < usual / 10


def test_another_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from vggx.runner import allocator

    monkeypatch.setattr(platform, "libc_ver", lambda: ("musl", "1.2"))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: pytest.fail("no library is to be opened"))
    allocator.keep_freed_memory()
