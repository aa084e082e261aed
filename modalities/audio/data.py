"""sound files or the embedded tones -> batches of (N, samples) waveforms at one rate."""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor

from modalities.audio import tones
from modalities.audio.options import Data
from modalities.audio.transforms import clip_start, fit
from vggx.data import sources
from vggx.data.datamodule import Source, SplitData, check_file
from vggx.data.dataset import Load
from vggx.data.embedded import embedded
from vggx.data.listing import BadFile, Listing, Sample
from vggx.options import DataOptions, given

# outside of these no header is believed: resampling by an absurd rate would take all memory
RATES = (1000, 768_000)


def promised_bytes(head: bytes) -> int:
    """The size that the first 24 bytes of a WAV, AIFF, AU or W64 file promise; 0 of any other."""
    if head[:4] == b"RIFF":
        return struct.unpack("<I", head[4:8])[0] + 8
    if head[:4] == b"FORM":
        return struct.unpack(">I", head[4:8])[0] + 8
    if head[:4] == b".snd":
        return sum(struct.unpack(">II", head[4:12]))
    if head[:4] == b"riff":
        return struct.unpack("<Q", head[16:24])[0]
    return 0


def check_whole(path: str) -> None:
    """Refuse a file that ends before its header says; libsndfile would read what is there without a word.

    Raises:
        BadFile: naming both lengths, or why the file cannot be opened.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(24)
    except OSError as error:
        raise BadFile(f"{path}: cannot be opened ({error.strerror})") from error
    size, promised = os.path.getsize(path), promised_bytes(head) if len(head) == 24 else 0
    # nothing, or all bits set, is what a writer leaves that could not seek back to its header
    if 8 < promised < 2**32 and promised > size + 1:
        raise BadFile(f"{path}: is truncated: {size} bytes where its header says {promised}")


def is_silent(path: str) -> bool:
    """Whether every sample of a file is 0, read in stretches."""
    with soundfile.SoundFile(path) as file:
        return not any(block.any() for block in file.blocks(1 << 16, dtype="float32"))


@dataclass(frozen=True)
class LoadClip:
    """sample -> (samples,) float32: a stretch of the file, mixed down to one channel, at the net's rate."""

    rate: int
    samples: int
    train: bool

    def __call__(self, sample: Sample, view: int, views: int) -> Tensor:
        path = sample.path
        check_file(path)
        check_whole(path)
        try:
            with soundfile.SoundFile(path) as file:
                rate, length = file.samplerate, file.frames
                if not RATES[0] <= rate <= RATES[1]:
                    raise BadFile(f"{path}: a sample rate of {rate} Hz is outside {RATES[0]} to {RATES[1]} Hz")
                if length < 1:
                    raise BadFile(f"{path}: holds no samples")
                wanted = -(-self.samples * rate // self.rate)
                start = clip_start(length, wanted, view, views, self.train)
                file.seek(start)
                x = file.read(min(wanted, length - start), dtype="float32", always_2d=True).mean(1)
        except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
            raise BadFile(f"{path}: is not a readable sound file ({error})") from error
        if len(x) < min(wanted, length - start):
            raise BadFile(f"{path}: ends after {start + len(x)} samples, its header says {length}")
        if not np.isfinite(x).all():
            raise BadFile(f"{path}: holds samples that are not numbers (NaN or infinite)")
        if not x.any() and is_silent(path):
            raise BadFile(f"{path}: is silence, every sample is 0")
        if rate != self.rate:
            x = soxr.resample(x, rate, self.rate, quality="HQ")
        return fit(torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)), self.samples)


def embedded_tones(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    return sources.folder(embedded("tones-1", tones.write), options, extensions)


class AudioData(SplitData):
    """Clips of one length and rate; `clips` of them a file in evaluation."""

    EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".opus", ".w64", ".au")
    SOURCES: ClassVar[dict[str, Source]] = {**SplitData.SOURCES, "tones": embedded_tones}
    EMBEDDED = ("tones",)

    options: Data

    def load(self, train: bool) -> Load:
        (samples,) = self.options.input_shape()
        if samples < 1:
            raise ValueError(f"modality.data.seconds={self.options.seconds} is no length of a clip")
        return LoadClip(given(self.options.sample_rate, "sample_rate"), samples, train)

    def views(self, samples: Sequence[Sample]) -> int:
        if self.options.clips < 1:
            raise ValueError(f"modality.data.clips must be 1 or more, not {self.options.clips}")
        return self.options.clips


def open_data(options: Data, seed: int) -> AudioData:
    return AudioData(options, seed)
