"""(seed, ...) -> one seed, and a stretch of code whose random draws hang on that seed alone."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive(*parts: int) -> int:
    """A 32-bit seed that differs with any of the parts (a sum would give epoch 1, index 0 and epoch 0, index 1 one)."""
    text = ",".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big")


def begin(*parts: int) -> None:
    """From here on what torch (CPU) and random draw depends on the parts alone.

    Transforms draw from torch and clip samplers from random; numpy's global state, slow to keep, is nobody's.
    """
    seed = derive(*parts)
    torch.default_generator.manual_seed(seed)
    random.seed(seed)


@contextmanager
def kept() -> Iterator[None]:
    """Draws of torch (CPU) and random inside leave those outside as they were."""
    before = torch.get_rng_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        random.setstate(before[1])


@contextmanager
def seeded(*parts: int) -> Iterator[None]:
    """Draws inside depend on the parts alone, and leave those outside as they were."""
    with kept():
        begin(*parts)
        yield
