"""A sound file's header -> what it says: {seconds, rate, channels, encoding}."""

from typing import Any

from modalities.audio.data import AudioData
from modalities.audio.reading import opened
from vggx.data.listing import Sample


def facts(data: AudioData, sample: Sample) -> dict[str, Any]:
    """Its length in seconds, its rate in Hz, and libsndfile's names of its format and encoding.

    Raises:
        BadFile: not a sound file, one that is cut, or one that the data's options do not allow.
    """
    with opened(sample.path, data.options) as file:
        seconds, encoding = file.frames / file.samplerate, f"{file.format} {file.subtype}"
        return {"seconds": seconds, "rate": file.samplerate, "channels": file.channels, "encoding": encoding}
