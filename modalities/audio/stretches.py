"""a sound file of any length -> its waveform at one rate, stretch by stretch, the same as if read at once."""

from collections.abc import Iterator

import numpy as np
import soxr

from modalities.audio.options import Data
from modalities.audio.reading import Signal, opened
from vggx.data.listing import BadFile
from vggx.options import given

BLOCK = 1 << 17  # samples of each channel that are read at once


def stretches(path: str, options: Data) -> Iterator[Signal]:
    """Stretches (samples,) of one channel, float32.

    Raises:
        BadFile: as `modalities.audio.reading.LoadClip`, as soon as it shows; of silence, behind the last stretch.
    """
    rate, heard, given_out = given(options.sample_rate, "sample_rate"), False, 0
    with opened(path, options) as file:
        length, own = file.frames, file.samplerate
        resampler = None if own == rate else soxr.ResampleStream(own, rate, 1, dtype="float32", quality="HQ")
        for start in range(0, length, BLOCK):
            stop = min(start + BLOCK, length)
            x = file.read(stop - start, dtype="float32", always_2d=True)
            if len(x) < stop - start:
                raise BadFile(f"{path}: ends after {start + len(x)} samples, its header says {length}")
            if not np.isfinite(x).all():
                raise BadFile(f"{path}: holds samples that are not numbers (NaN or infinite)")
            heard = heard or bool(x.any())
            mono = x[:, 0] if x.shape[1] == 1 else x.mean(1)
            if resampler is not None:
                mono = resampler.resample_chunk(mono, last=stop == length)
            given_out += len(mono)
            yield mono
    if not given_out:
        raise BadFile(f"{path}: is too short for one sample at {rate} Hz")
    if not heard:
        raise BadFile(f"{path}: is silence, every sample is 0")
