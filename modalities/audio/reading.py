"""a sound file -> waveforms (samples,) of its clips, at one rate, each at its own length."""

import math
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from torch import Tensor
from torchvision.tv_tensors import Mask

from modalities.audio.augment import augment
from modalities.audio.options import Data
from modalities.audio.transforms import clip_start, stretch
from vggx.data.listing import BadFile, Sample, check_file
from vggx.data.targets import Targets
from vggx.options import given

# outside of these no header is believed: resampling by an absurd rate would take all memory
RATES = (1000, 768_000)
CHANNELS = 64  # of ambisonics of the seventh order
UNKNOWN = 2**63 - 1  # libsndfile's number of samples of a FLAC file that was streamed
# where a header says how long its file is: layout, offset, and the bytes that this does not count
SIZES = {
    b"RIFF": ("<I", 4, 8),  # WAV
    b"RF64": ("<Q", 20, 8),  # WAV beyond 4 GiB
    b"FORM": (">I", 4, 8),  # AIFF
    b".snd": (">II", 4, 0),  # AU: of the header and of the samples
    b"riff": ("<Q", 16, 0),  # W64
}
HEAD = 28  # bytes that hold all of them

Signal = npt.NDArray[np.float32]


def promised_bytes(head: bytes) -> int:
    """The size that a file's first `HEAD` bytes promise; 0 where they promise none."""
    if len(head) < HEAD or head[:4] not in SIZES:
        return 0
    layout, start, more = SIZES[head[:4]]
    sizes = struct.unpack_from(layout, head, start)
    # nothing, or all bits set, is what a writer leaves that could not seek back to its header
    return 0 if sizes[-1] in (0, 2**32 - 1, 2**64 - 1) else sum(sizes) + more


@contextmanager
def opened(path: str, options: Data) -> Iterator[soundfile.SoundFile]:
    """A sound file whose header has been checked; what libsndfile finds wrong meanwhile is a `BadFile`.

    Raises:
        BadFile: no sound file, one that ends before its header says (libsndfile would read what is there without a
            word), or as `check_header`.
    """
    size = check_file(path).st_size
    try:
        with open(path, "rb", buffering=0) as file:
            promised = promised_bytes(os.pread(file.fileno(), HEAD, 0))
            if promised > size + 1:
                raise BadFile(f"{path}: is truncated: {size} bytes where its header says {promised}")
            with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
                check_header(path, sound, options)
                yield sound
    except OSError as error:
        raise BadFile(f"{path}: cannot be read ({error.strerror})") from error
    except RuntimeError as error:  # of which soundfile's own are kinds; what libsndfile says by itself names no path
        raise BadFile(f"{path}: is not a readable sound file ({getattr(error, 'error_string', error)})") from error


def is_silent(sample: Sample, options: Data) -> bool:
    """Whether all of a file or segment is 0, read in stretches."""
    with opened(sample.path, options) as file:
        first, stop = sample.within(file.frames, file.samplerate)
        file.seek(first)
        return not any(block.any() for block in file.blocks(1 << 16, frames=stop - first, dtype="float32"))


def check_header(path: str, file: soundfile.SoundFile, options: Data) -> None:
    """Refuse what a file says of itself before anything of it is read.

    Raises:
        BadFile: a rate, length or number of channels that no sound has, or that the options do not allow.
    """
    rate, channels, frames = file.samplerate, file.channels, file.frames
    if not RATES[0] <= rate <= RATES[1]:
        raise BadFile(f"{path}: a sample rate of {rate} Hz is outside {RATES[0]} to {RATES[1]} Hz")
    if channels > CHANNELS:
        raise BadFile(f"{path}: {channels} channels are more than {CHANNELS}")
    if channels > 1 and options.channels == "mono":
        raise BadFile(f"{path}: has {channels} channels; modality.data.channels=mix would take their mean")
    if frames < 1:
        raise BadFile(f"{path}: holds no samples")
    if frames == UNKNOWN:
        raise BadFile(f"{path}: does not say how long it is, as a file that was streamed; write it anew")
    seconds, most = frames / rate, options.max_seconds
    if seconds > most:
        raise BadFile(f"{path}: is {seconds:.0f} s long by its header, more than modality.data.max_seconds={most:g}")


@dataclass(frozen=True)
class LoadClip:
    """sample -> (samples,) float32 at the net's rate: as long as the file, `seconds` at most; augmented if `train`.

    A target that is a mask, (T,) along all of the file or segment at any rate, is cut and shifted as the clip is.

    Args:
        target: reads what a sample's target names.

    Raises:
        BadFile: no whole sound file, one that the options do not allow, silence from end to end, or a clip that is no
            sound.
    """

    options: Data
    train: bool
    target: Callable[[Any], Any] = Targets().load

    @cached_property
    def rate(self) -> int:
        return given(self.options.sample_rate, "sample_rate")

    @cached_property
    def most(self) -> int:
        """Samples of a whole clip."""
        return self.options.input_shape()[0]

    def span(self, rate: int) -> int:
        """Samples of a whole clip in a file of that rate."""
        return -(-self.most * rate // self.rate)

    def __call__(self, sample: Sample, view: int, views: int) -> tuple[Tensor, Any]:
        path = sample.name
        x, own, share = self.read(sample, view, views)
        if own != self.rate:
            x = soxr.resample(x, own, self.rate, quality="HQ")
        if not len(x):
            raise BadFile(f"{path}: is too short for one sample at {self.rate} Hz")
        # one look at every sample in the place of two: a sum is a number, and not 0, of nothing but numbers, not all 0
        total = float(np.add.reduce(x))
        if not math.isfinite(total) and not np.isfinite(x).all():
            raise BadFile(f"{path}: holds samples that are not numbers (NaN or infinite)")
        if total == 0 and not x.any() and is_silent(sample, self.options):
            raise BadFile(f"{path}: is silence, every sample is 0")
        clip, target = torch.from_numpy(x), self.target(sample.target)
        mask = stretch(target, *share) if isinstance(target, Mask) else None
        if self.train:
            clip, mask = augment(clip, self.options, mask)
        if len(clip) > self.most:
            mask = None if mask is None else stretch(mask, 0.0, self.most / len(clip))
            clip = clip[: self.most]
        return clip, target if mask is None else mask

    def read(self, sample: Sample, view: int, views: int) -> tuple[Signal, int, tuple[float, float]]:
        """A clip as one channel, (samples,) at the file's own rate; nothing else of the file is read.

        Returns:
            The clip, that rate, and from where to where in the file or segment it lies, as shares of it.
        """
        with opened(sample.path, self.options) as file:
            rate, channels = file.samplerate, file.channels
            first, stop = sample.within(file.frames, rate)
            length, clip = stop - first, self.span(rate)
            start = clip_start(length, clip, view, views, self.train)
            if first + start:
                file.seek(first + start)
            x = np.empty((min(clip, length - start), channels), np.float32)
            got = file.buffer_read_into(x, "float32")
            if got < len(x):
                raise BadFile(f"{sample.path}: ends after {first + start + got} samples, its header says {file.frames}")
        return x[:, 0] if channels == 1 else x.mean(1), rate, (start / length, (start + len(x)) / length)
