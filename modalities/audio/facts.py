"""A sound file's header -> what it says: {seconds, rate, channels, encoding}."""

from typing import Any

import soundfile

from modalities.audio.data import AudioData, check_header, check_whole
from vggx.data.datamodule import check_file
from vggx.data.listing import BadFile, Sample


def facts(data: AudioData, sample: Sample) -> dict[str, Any]:
    """Its length in seconds, its rate in Hz, and libsndfile's names of its format and encoding.

    Raises:
        BadFile: not a sound file, one that is cut, or one that the data's options do not allow.
    """
    path = sample.path
    check_file(path)
    check_whole(path)
    try:
        with soundfile.SoundFile(path) as file:
            check_header(path, file, data.options)
            seconds, encoding = file.frames / file.samplerate, f"{file.format} {file.subtype}"
            return {"seconds": seconds, "rate": file.samplerate, "channels": file.channels, "encoding": encoding}
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise BadFile(f"{path}: is not a readable sound file ({error})") from error
