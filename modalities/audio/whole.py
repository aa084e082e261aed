"""a sound file of any length -> a strip of what the net eats of all of it, in memory that does not grow with the file.

The front-end's maps are made stretch by stretch and kept in a temporary file, because what a clip's levels are is known
only at its end.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modalities.audio.frontend import Frontend
from modalities.audio.frontend.levels import Chain, ClipLevels, Levels
from modalities.audio.options import Data, Net
from modalities.audio.reading import Signal, opened
from modalities.audio.stretches import stretches
from vggx.net import PreparedNet
from vggx.options import given

STEPS = 4096  # that are made or looked through at once


@dataclass
class SoundStrip:
    """See `vggx.inference.cells.TimedStrip`.

    Attributes:
        net: with its front-end.
        kept: the front-end's maps, a row of `frontend.mels` float32 a step.
        length: steps.
        rate: of the waveform, Hz.
        seconds: of the file.
    """

    net: PreparedNet
    kept: Any
    length: int
    rate: int
    seconds: float

    @cached_property
    def frontend(self) -> Frontend:
        return parts(self.net)[0]

    @cached_property
    def levels(self) -> Levels:
        """Those of the whole file."""
        found = [module for module in parts(self.net)[1:] if isinstance(module, ClipLevels)]
        return found[0].of_whole(self.pieces) if found else Levels(None, None)

    def read(self, start: int, stop: int) -> Tensor:
        maps = self.levels(self.raw(start, stop))
        for module in parts(self.net)[1:]:
            if not isinstance(module, ClipLevels):
                maps, _ = module(maps, None)
        return self.net.normalise(maps)[0]

    def raw(self, start: int, stop: int) -> Tensor:
        """(1, mels, stop - start), as the front-end made them."""
        bands = self.frontend.mels
        self.kept.seek(start * bands * np.float32().nbytes)
        rows = np.fromfile(self.kept, np.float32, (stop - start) * bands).reshape(-1, bands)
        return torch.from_numpy(rows).T[None].to(self.net.normalise.mean.device)

    def pieces(self) -> Iterator[Tensor]:
        for start in range(0, self.length, STEPS):
            yield self.raw(start, min(start + STEPS, self.length))

    def times(self, position: float) -> tuple[float, float, float]:
        """When a step's window begins, is in its middle, and ends."""
        start, size = position * self.frontend.hop - self.frontend.pad, self.frontend.size
        return start / self.rate, (start + size / 2) / self.rate, (start + size) / self.rate


@contextmanager
def strip(net: PreparedNet, options: Net, data: Data, path: str, size: int | None = None) -> Iterator[SoundStrip]:
    """A file as the net eats it, and as it would eat one clip of that length.

    Args:
        size: of pictures; sound has none.

    Raises:
        BadFile: as `modalities.audio.stretches.stretches`.
        ValueError: no room for a temporary file.
    """
    with opened(path, data) as file:
        seconds = file.frames / file.samplerate
    frontend: Frontend = parts(net)[0]
    device = net.normalise.mean.device
    length = 0
    with tempfile.TemporaryFile(prefix="vggx-") as kept:
        for maps in maps_of(frontend, stretches(path, data), device):
            write(kept, maps)
            length += maps.shape[1]
        yield SoundStrip(net, kept, length, given(data.sample_rate, "sample_rate"), seconds)


def parts(net: PreparedNet) -> list[Any]:
    """The front-end, and what is done to its maps."""
    return list(net.prepare) if isinstance(net.prepare, Chain) else [net.prepare]


def write(kept: Any, maps: Tensor) -> None:
    try:
        kept.write(maps.T.contiguous().cpu().numpy().data)
        kept.flush()
    except OSError as error:
        raise ValueError(
            f"the maps of a whole file find no room in {tempfile.gettempdir()} ({error.strerror}); the environment "
            "variable TMPDIR names another place"
        ) from error


def maps_of(frontend: Frontend, waveform: Iterable[Signal], device: torch.device) -> Iterator[Tensor]:
    """A waveform, stretch by stretch -> (F, T) of each: the steps that the front-end makes of the whole.

    A stretch is given to it with so many samples before that the steps which see its cut ends can be left out.
    """
    # more than what sees the front-end's own padding, and enough that no stretch is filled up with silence
    context = frontend.steps(0) + frontend.pad // frontend.hop + 2
    x, first, done = torch.empty(0), 0, 0  # what is held of the waveform; its first step; steps given out

    def made(stop: int | None) -> Tensor:
        with torch.inference_mode():
            return frontend(x[None].to(device))[0][0, :, done - first : stop]

    for stretch in waveform:
        x = torch.cat([x, torch.from_numpy(stretch)])
        ready = first + (len(x) + frontend.pad - frontend.size) // frontend.hop + 1  # whose windows have all come
        if ready - done < STEPS:
            continue
        yield made(ready - first)
        done = ready
        cut = max(0, done - context)
        x, first = x[(cut - first) * frontend.hop :].clone(), cut
    yield made(None)
