"""(seed, ...) -> one seed, and a stretch of code whose random draws hang on that seed alone."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derive(*parts: int) -> int:
    """A 32-bit seed that differs with any of the parts (a sum would give epoch 1, index 0 and epoch 0, index 1 one)."""
    text = ",".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big")


@contextmanager
def seeded(*parts: int) -> Iterator[None]:
    """Draws of torch (CPU), numpy and random inside depend on the parts alone, and leave those outside as they were."""
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    seed = derive(*parts)
    torch.random.default_generator.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])
        random.setstate(before[2])
