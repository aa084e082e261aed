"""sound files -> maps of a front-end, (F, T), kept on disk: from the second time on nothing is decoded or transformed.

Every clip has a file of its own, which is there whole or not at all, so that many processes need no lock. What is
damaged, or tells of another state of the sound file, is made anew.
"""

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from torch import Tensor
from torchvision.tv_tensors import Mask

from modalities.audio.frontend import Frontend
from modalities.audio.net import make_frontend
from modalities.audio.options import Data, Net
from modalities.audio.reading import LoadClip, opened
from modalities.audio.spec import least_steps
from vggx.data.embedded import cache_folder
from vggx.data.listing import Sample, check_file
from vggx.data.targets import Targets
from vggx.files import atomic, write_json

FORM = 1  # of what is kept and how it is written; grows when either changes
# of a file whose map is made in one piece, which takes a hundred times its memory: seconds, and samples of all channels
LONGEST, LARGEST = 120.0, 120 * 48_000 * 2
HEAD = struct.Struct("<Iqq?II")  # sum of all that follows, the sound file's size and time, whether it is long, F, T
SUM = 4  # bytes of the sum
WHOLE = "whole"
# the options that a map hangs on
OF_NET = ("frontend", "n_fft", "hop", "mels", "f_min", "f_max", "mel_scale")
OF_DATA = ("sample_rate", "seconds", "channels", "max_seconds")

State = tuple[int, int]  # size and time of a sound file, which its maps must be of


@dataclass(frozen=True)
class Entry:
    """A map.

    Attributes:
        maps: (F, T)
        long: whether its file is longer than a clip.
    """

    maps: npt.NDArray[np.float32]
    long: bool


@dataclass(frozen=True)
class LoadMaps:
    """sample -> (F, T) float32: what the front-end makes of the clip that `LoadClip` gives.

    In training a clip of a longer file is cut from the map of the whole file, at a random step, so that its outermost
    windows see what lies beside it, where a clip by itself ends. A file longer than `LONGEST` is read anew each time.

    Raises:
        BadFile: as `LoadClip`.
    """

    options: Data
    frontend: Frontend
    folder: str
    train: bool = False
    target: Callable[[Any], Any] = Targets().load

    @cached_property
    def steps(self) -> int:
        """T of a whole clip."""
        return self.frontend.steps(self.options.input_shape()[0])

    def silence(self) -> float:
        """What stands in a map where there is no sound."""
        return float(self.frontend(torch.zeros(1, self.frontend.size))[0].min())

    def __call__(self, sample: Sample, view: int, views: int) -> tuple[Tensor, Any]:
        target = self.target(sample.target)
        if isinstance(target, Mask):
            raise ValueError(
                "modality.data.cache_maps=true cuts maps, and no target along time with them: leave it out"
            )
        facts = check_file(sample.path)
        state = facts.st_size, facts.st_mtime_ns
        found = read(self.place(sample, WHOLE), state)
        if not self.train and (found is None or found.long):
            found = read(self.place(sample, f"{view} of {views}"), state)
        if found is None:
            found = self.new(sample, view, views, state)
        spare = found.maps.shape[1] - self.steps
        start = int(torch.randint(spare + 1, ())) if spare > 0 else 0
        return torch.from_numpy(found.maps[:, start : start + self.steps].copy()), target

    def new(self, sample: Sample, view: int, views: int, state: State) -> Entry:
        """Made now, and kept: of a clip, or of the whole file where that is short or is trained on."""
        clips, part = LoadClip(self.options, self.train), WHOLE
        with opened(sample.path, self.options) as file:
            first, stop = sample.within(file.frames, file.samplerate)
            long = stop - first > clips.span(file.samplerate)
            whole = (stop - first) / file.samplerate <= LONGEST and (stop - first) * file.channels <= LARGEST
        if long and not self.train:
            part = f"{view} of {views}"
        elif long and whole:
            clips = LoadClip(replace(self.options, seconds=LONGEST), train=False)
        with torch.no_grad():
            maps, _ = self.frontend(clips(sample, view, views)[0][None])
        entry = Entry(maps[0].numpy(), long)
        if not (long and clips.train):
            with suppress(OSError):  # no room any more: then it is made anew the next time
                write(self.place(sample, part), state, entry)
        return entry

    def place(self, sample: Sample, part: str) -> str:
        part = f"{part} of {sample.start} to {sample.end}" if sample.is_segment else part
        text = f"{os.path.abspath(sample.path)}\0{part}".encode(errors="surrogateescape")
        name = hashlib.blake2b(text, digest_size=16).hexdigest()
        return os.path.join(self.folder, name[:2], name[2:])


def map_loader(options: Data, net: Net) -> LoadMaps:
    """Maps of the net's front-end, in a folder of these settings below the cache folder.

    Raises:
        ValueError: nothing can be written there, or as `make_frontend`.
    """
    least = least_steps(net, options)
    settings = {name: getattr(net, name) for name in OF_NET} | {name: getattr(options, name) for name in OF_DATA}
    made_by = {"sndfile": soundfile.__libsndfile_version__} | {name: version(name) for name in ("soxr", "librosa")}
    settings |= {"least": least, "form": FORM, **made_by}
    name = hashlib.blake2b(json.dumps(settings).encode(), digest_size=8).hexdigest()
    folder = cache_folder() / "maps" / name
    try:
        write_json(folder / "settings.json", settings)
    except OSError as error:
        raise ValueError(
            f"modality.data.cache_maps=true: {folder} cannot be written ({error.strerror}); the environment variable "
            "VGGX_CACHE names another place"
        ) from error
    return LoadMaps(options, make_frontend(net, options, least), str(folder))


def read(place: str, state: State) -> Entry | None:
    """A map of the sound file in this state, if there is one."""
    try:
        with open(place, "rb", buffering=0) as file:
            data = file.read()
    except OSError:
        return None
    if len(data) < HEAD.size:
        return None
    total, size, time, long, bands, steps = HEAD.unpack_from(data)
    if (size, time) != state or len(data) != HEAD.size + 4 * bands * steps or total != zlib.crc32(data[SUM:]):
        return None
    return Entry(np.frombuffer(data, np.float32, offset=HEAD.size).reshape(bands, steps), long)


def write(place: str, state: State, entry: Entry) -> None:
    body = HEAD.pack(0, *state, entry.long, *entry.maps.shape)[SUM:] + entry.maps.astype("<f4").tobytes()
    # not flushed to the disk, which takes as long as a hundred maps: the sum tells what is damaged
    with atomic(place, flushed=False) as temporary:
        temporary.write_bytes(zlib.crc32(body).to_bytes(SUM, "little") + body)
