"""What a sound file's header says, against soundfile.info and the files as they were written."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from modalities.audio.data import AudioData
from modalities.audio.facts import facts
from modalities.audio.options import Data
from vggx.data.listing import BadFile, Sample

ENCODINGS = {"mp3": "MP3 MPEG_LAYER_III", "wav": "WAV PCM_16", "flac": "FLAC PCM_16", "ogg": "OGG VORBIS"}


def data(**options: object) -> AudioData:
    return AudioData(Data(sample_rate=16000, seconds=1.0, **options))  # type: ignore[arg-type]


def test_real_recordings_of_four_formats(shared_data: Path) -> None:
    files = sorted((shared_data / "media/audio").iterdir())
    seen = set()
    for path in files:
        found, info = facts(data(), Sample(str(path))), soundfile.info(path)
        assert list(found) == ["seconds", "rate", "channels", "encoding"]
        assert found["seconds"] == info.duration
        assert (found["rate"], found["channels"]) == (info.samplerate, info.channels)
        seen.add(found["encoding"].split()[0])
        if "s32" not in path.name:
            assert found["encoding"] == ENCODINGS[path.suffix[1:]]
        else:
            assert found["encoding"] == f"{info.format} {info.subtype}" == "WAVEX PCM_32"
    assert seen == {"MP3", "WAV", "WAVEX", "FLAC", "OGG"}


def test_a_file_is_as_it_was_written(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full((11025, 2), 0.1), 44100, subtype="FLOAT")
    found = facts(data(), Sample(str(tmp_path / "a.wav")))
    assert found == {"seconds": 0.25, "rate": 44100, "channels": 2, "encoding": "WAV FLOAT"}


def test_bad_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full((8000, 2), 0.1), 8000)
    with pytest.raises(BadFile, match=r"a\.wav: has 2 channels; modality\.data\.channels=mix"):
        facts(data(channels="mono"), Sample(str(path)))
    with pytest.raises(BadFile, match=r"a\.wav: is 1 s long by its header, more than modality\.data\.max_seconds=0\.5"):
        facts(data(max_seconds=0.5), Sample(str(path)))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BadFile, match=r"a\.wav: is truncated: 1000 bytes where its header says 32044"):
        facts(data(), Sample(str(path)))
    path.write_text("no sound at all, only words")
    with pytest.raises(BadFile, match=r"a\.wav: is not a readable sound file"):
        facts(data(), Sample(str(path)))
    with pytest.raises(BadFile, match=r"b\.wav: does not exist"):
        facts(data(), Sample(str(tmp_path / "b.wav")))
