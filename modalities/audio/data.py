"""sound files or the embedded tones -> waveforms (samples,), or their maps (F, T), each at its own length."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from modalities.audio import sources
from modalities.audio.augment import check
from modalities.audio.maps import map_loader
from modalities.audio.options import Data, Net
from modalities.audio.reading import LoadClip, opened
from vggx.data.datamodule import Source, SplitData
from vggx.data.dataset import Load, MediaDataset
from vggx.data.listing import BadFile, Sample
from vggx.options import given

SHORT = 30.0  # seconds of a file that is read whole, in a batch with others


class AudioData(SplitData):
    """Clips of one rate, as long as their files or `seconds`; `clips` of them a file in evaluation.

    Args:
        net: options of the net, whose front-end makes the maps of `cache_maps`.

    Raises:
        ValueError: an option out of range, by its full name, or as `map_loader`.
    """

    EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".opus", ".w64", ".au")
    SOURCES: ClassVar[dict[str, Source]] = {**SplitData.SOURCES, **sources.SOURCES}
    EMBEDDED = ("tones",)
    FOLDED = (*SplitData.FOLDED, *sources.TABLES)
    TABLES = (*SplitData.TABLES, *sources.TABLES)

    options: Data

    def __init__(self, options: Data, seed: int = 0, net: Net | None = None):
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
        self.maps = map_loader(options, given(net, "net")) if options.cache_maps else None
        self.fill = self.maps.silence() if self.maps else 0.0

    def guess(self, root: Path | None) -> str:
        found = super().guess(root)
        return (sources.recognise(root) or found) if root is not None and found == "folder" else found

    def load(self, train: bool) -> Load:
        read = self.targets.load
        return replace(self.maps, train=train, target=read) if self.maps else LoadClip(self.options, train, read)

    def views(self, samples: Sequence[Sample]) -> int:
        return self.options.clips

    def wholes(self, samples: Sequence[Sample]) -> tuple[list[int], MediaDataset]:
        short = []
        for number, sample in enumerate(samples):
            with suppress(BadFile), opened(sample.path, self.options) as file:  # whoever scans it will say why
                first, stop = sample.within(file.frames, file.samplerate)
                if (stop - first) / file.samplerate <= SHORT:
                    short.append(number)
        load = LoadClip(replace(self.options, seconds=SHORT), False, self.targets.load)
        return short, MediaDataset([samples[number] for number in short], load, on_error=self.options.on_error)


def open_data(options: Data, seed: int, net: Net | None = None) -> AudioData:
    return AudioData(options, seed, net)
