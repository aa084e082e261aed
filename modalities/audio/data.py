"""sound files or the embedded tones -> waveforms (samples,) at one rate, each at its own length; padded in a batch."""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from torch import Tensor

from modalities.audio import sources
from modalities.audio.augment import augment, check
from modalities.audio.options import Data
from modalities.audio.transforms import clip_start
from vggx.data.datamodule import Source, SplitData, check_file
from vggx.data.dataset import Load
from vggx.data.listing import BadFile, Sample
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


def check_whole(path: str) -> None:
    """Refuse a file that ends before its header says; libsndfile would read what is there without a word.

    Raises:
        BadFile: naming both lengths, or why the file cannot be opened.
    """
    try:
        with open(path, "rb") as file:
            promised = promised_bytes(file.read(HEAD))
    except OSError as error:
        raise BadFile(f"{path}: cannot be opened ({error.strerror})") from error
    size = os.path.getsize(path)
    if promised > size + 1:
        raise BadFile(f"{path}: is truncated: {size} bytes where its header says {promised}")


def is_silent(path: str) -> bool:
    """Whether every sample of a file is 0, read in stretches."""
    with soundfile.SoundFile(path) as file:
        return not any(block.any() for block in file.blocks(1 << 16, dtype="float32"))


def check_header(path: str, file: soundfile.SoundFile, options: Data) -> None:
    """Refuse what a file says of itself before anything of it is read.

    Raises:
        BadFile: a rate, length or number of channels that no sound has, or that the options do not allow.
    """
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise BadFile(f"{path}: a sample rate of {file.samplerate} Hz is outside {RATES[0]} to {RATES[1]} Hz")
    if file.channels > CHANNELS:
        raise BadFile(f"{path}: {file.channels} channels are more than {CHANNELS}")
    if file.channels > 1 and options.channels == "mono":
        raise BadFile(f"{path}: has {file.channels} channels; modality.data.channels=mix would take their mean")
    if file.frames < 1:
        raise BadFile(f"{path}: holds no samples")
    if file.frames == UNKNOWN:
        raise BadFile(f"{path}: does not say how long it is, as a file that was streamed; write it anew")
    seconds, most = file.frames / file.samplerate, options.max_seconds
    if seconds > most:
        raise BadFile(f"{path}: is {seconds:.0f} s long by its header, more than modality.data.max_seconds={most:g}")


def read_clip(path: str, options: Data, view: int, views: int, train: bool) -> tuple[Signal, int]:
    """A clip of a file as one channel, (samples,) at the file's own rate, and that rate; nothing else of it is read.

    Raises:
        BadFile: no whole sound file, one that the options do not allow, or silence from end to end.
    """
    check_file(path)
    check_whole(path)
    try:
        with soundfile.SoundFile(path) as file:
            check_header(path, file, options)
            rate, length = file.samplerate, file.frames
            clip = -(-options.input_shape()[0] * rate // given(options.sample_rate, "sample_rate"))
            start = clip_start(length, clip, view, views, train)
            wanted = min(clip, length - start)
            file.seek(start)
            x = file.read(wanted, dtype="float32", always_2d=True).mean(1)
        silent = not np.count_nonzero(x) and is_silent(path)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise BadFile(f"{path}: is not a readable sound file ({error})") from error
    if len(x) < wanted:
        raise BadFile(f"{path}: ends after {start + len(x)} samples, its header says {length}")
    if silent:
        raise BadFile(f"{path}: is silence, every sample is 0")
    return x, rate


@dataclass(frozen=True)
class LoadClip:
    """sample -> (samples,) float32 at the net's rate: as long as the file, `seconds` at most; augmented if `train`."""

    options: Data
    train: bool

    def __call__(self, sample: Sample, view: int, views: int) -> Tensor:
        x, own = read_clip(sample.path, self.options, view, views, self.train)
        rate, (samples,) = given(self.options.sample_rate, "sample_rate"), self.options.input_shape()
        if own != rate:
            x = soxr.resample(x, own, rate, quality="HQ")
        if not len(x):
            raise BadFile(f"{sample.path}: is too short for one sample at {rate} Hz")
        if not np.isfinite(x).all():
            raise BadFile(f"{sample.path}: holds samples that are not numbers (NaN or infinite)")
        clip = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
        return (augment(clip, self.options) if self.train else clip)[:samples]


class AudioData(SplitData):
    """Clips of one rate, as long as their files or `seconds`; `clips` of them a file in evaluation.

    Raises:
        ValueError: an option out of range, by its full name.
    """

    EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".opus", ".w64", ".au")
    SOURCES: ClassVar[dict[str, Source]] = {**SplitData.SOURCES, **sources.SOURCES}
    EMBEDDED = ("tones",)
    FOLDED = (*SplitData.FOLDED, *sources.TABLES)

    options: Data

    def __init__(self, options: Data, seed: int = 0):
        super().__init__(options, seed)
        if options.input_shape()[0] < 1:
            raise ValueError(f"modality.data.seconds={options.seconds} is no length of a clip")
        if options.clips < 1:
            raise ValueError(f"modality.data.clips must be 1 or more, not {options.clips}")
        if options.channels not in ("mix", "mono"):
            raise ValueError(f"modality.data.channels must be mix or mono, not {options.channels!r}")
        if not options.max_seconds > 0:
            raise ValueError(f"modality.data.max_seconds={options.max_seconds} allows no file")
        check(options)

    def guess(self, root: Path | None) -> str:
        found = super().guess(root)
        return (sources.recognise(root) or found) if root is not None and found == "folder" else found

    def load(self, train: bool) -> Load:
        return LoadClip(self.options, train)

    def views(self, samples: Sequence[Sample]) -> int:
        return self.options.clips


def open_data(options: Data, seed: int) -> AudioData:
    return AudioData(options, seed)
