"""modalities.audio.reading: sounds written here and read back at one rate."""

import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modalities.audio.data import AudioData
from tests.modalities.audio.sounds import ENDINGS, counted, loads, numbers_of, options, peak, tone
from vggx.data.listing import BadFile
from vggx.data.seeds import seeded

# clips


@pytest.mark.parametrize(("views", "starts"), [(1, [6000]), (2, [0, 12000]), (3, [0, 6000, 12000])])
def test_clips_in_evaluation(tmp_path: Path, views: int, starts: list[int]) -> None:
    path = counted(tmp_path / "a.wav", 20_000)
    for view, start in enumerate(starts):
        assert numbers_of(loads(path, view=view, views=views)) == list(range(start + 1, start + 8001))


def test_training_clips_start_anywhere(tmp_path: Path) -> None:
    path = counted(tmp_path / "a.wav", 9000)
    starts = []
    for index in range(100):
        with seeded(0, index):
            numbers = numbers_of(loads(path, train=True))
        assert numbers == list(range(numbers[0], numbers[0] + 8000))
        starts.append(numbers[0] - 1)
    assert min(starts) < 60
    assert 940 < max(starts) <= 1000
    assert len(set(starts)) > 80


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("samples", [1, 3, 7999, 8000])
def test_a_shorter_file_is_taken_at_its_own_length(tmp_path: Path, samples: int, train: bool) -> None:
    assert numbers_of(loads(counted(tmp_path / "a.wav", samples), train)) == list(range(1, samples + 1))


def test_clips_of_different_lengths_in_a_batch(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for samples in (5, 8000, 20):
        counted(tmp_path / "a" / f"{samples}.wav", samples)
    data = AudioData(options(root=str(tmp_path), val_share=0, test_share=0))
    (batch,) = data.loader(data.dataset("train"))
    assert batch.lengths.tolist() == [20, 5, 8000]  # in order of name
    assert numbers_of(batch.input[1]) == [1, 2, 3, 4, 5] + [0] * 7995
    assert numbers_of(batch.input[2]) == list(range(1, 8001))


@settings(deadline=None)
@given(
    st.integers(1, 3000), st.integers(1000, 50_000), st.integers(1000, 50_000), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_the_length_of_any_clip_at_any_rate(samples: int, own: int, net: int, train: bool, seed: int) -> None:
    """Half a second of the net's rate, or all of a shorter file, to the nearest sample."""
    with tempfile.TemporaryDirectory() as folder:
        path = counted(Path(folder) / "a.wav", samples, own)
        kept = (2 * samples * net + own) // (2 * own)  # samples * net / own, to the nearest
        if kept == 0:
            with pytest.raises(BadFile, match=rf"a\.wav: is too short for one sample at {net} Hz"):
                loads(path, train, sample_rate=net)
            return
        with seeded(seed):
            found = loads(path, train, sample_rate=net)
    assert len(found) == min(round(0.5 * net), kept)
    assert torch.isfinite(found).all()
    if own == net:
        numbers = numbers_of(found)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


# channels


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    left, right = tone(440, 16000), tone(2000, 16000, level=0.25)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), 16000, subtype="FLOAT")
    expected = ((left + right) / 2)[4000:12000]
    found = loads(tmp_path / "a.wav")
    assert (found.shape, found.dtype) == ((8000,), torch.float32)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_stereo_is_refused_where_only_mono_is_wanted(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(440, 16000)] * 2, 1), 16000)
    soundfile.write(tmp_path / "b.wav", tone(440, 16000), 16000)
    with pytest.raises(BadFile, match=r"a\.wav: has 2 channels; modality\.data\.channels=mix would take their mean"):
        loads(tmp_path / "a.wav", channels="mono")
    assert loads(tmp_path / "b.wav", channels="mono").equal(loads(tmp_path / "b.wav"))


def test_channels_that_cancel_are_no_silent_file(tmp_path: Path) -> None:
    x = tone(440, 16000)
    soundfile.write(tmp_path / "a.wav", np.stack([x, -x], 1), 16000, subtype="FLOAT")
    assert not loads(tmp_path / "a.wav").any()


def test_an_absurd_number_of_channels_is_refused(tmp_path: Path) -> None:
    for channels in (64, 65):
        soundfile.write(tmp_path / f"{channels}.wav", np.full((100, channels), 0.5), 16000)
    assert loads(tmp_path / "64.wav").tolist() == [0.5] * 100
    with pytest.raises(BadFile, match=r"65\.wav: 65 channels are more than 64"):
        loads(tmp_path / "65.wav")


# rates


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_a_tone_keeps_its_pitch_level_and_length_at_any_rate(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, rate), rate, subtype="FLOAT")
    found = loads(tmp_path / "a.wav", seconds=1.0)
    assert found.shape == (16000,)
    assert peak(found, 16000) == 440
    inner = found[500:-500]
    assert inner.abs().max() == pytest.approx(0.5, abs=2e-3)
    expected = torch.from_numpy(tone(440, 16000))[500:-500]
    assert (inner - expected).abs().max() < 2e-3  # not moved in time either


def test_what_the_lower_rate_cannot_hold_is_filtered_out(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 44100) + tone(10_000, 44100), 44100, subtype="FLOAT")
    found = loads(tmp_path / "a.wav", seconds=1.0)[500:-500]
    expected = torch.from_numpy(tone(440, 16000))[500:-500]
    assert (found - expected).abs().max() < 2e-3  # 10 kHz would fold back to 6 kHz


def test_a_clip_of_a_longer_file_at_a_lower_rate_is_whole(tmp_path: Path) -> None:
    """Half a second is 504.5 samples of that file; 504 would leave eight of the clip's 8,000 out."""
    path = counted(tmp_path / "a.wav", 2018, 1009)
    assert [len(loads(path, view=view, views=2)) for view in (0, 1)] == [8000, 8000]


def test_a_clip_of_a_file_at_another_rate_is_of_the_right_time(tmp_path: Path) -> None:
    """A file whose pitch jumps after each second: a clip of half a second has one of them."""
    pitches = (300, 600, 1200)
    whole = np.concatenate([tone(pitch, 44100) for pitch in pitches])
    soundfile.write(tmp_path / "a.wav", whole, 44100)
    found = [peak(loads(tmp_path / "a.wav", view=view, views=3), 16000) for view in range(3)]
    assert found == [300, 600, 1200]


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2**31 - 1, 2**32 - 1])
def test_an_absurd_rate_is_refused(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, 16000), 16000)
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack("<I", rate)
    path.write_bytes(content)
    with pytest.raises(
        BadFile, match=r"a\.wav: (a sample rate of \d+ Hz is outside 1000 to 768000 Hz|is not a readable)"
    ):
        loads(path)


# lengths


def test_a_header_that_says_too_much_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLAC has 36 bits for the number of samples: they can promise seven weeks of 16 kHz."""
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(440, 16000), 16000)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the file is read")

    for name in ("read", "buffer_read_into", "seek"):
        monkeypatch.setattr(soundfile.SoundFile, name, refuse)
    with pytest.raises(BadFile, match=r"a\.flac: is 4294967 s long by its header, more than .*max_seconds=86400"):
        loads(path)


def test_a_flac_that_was_streamed_does_not_say_its_length(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(440, 16000), 16000)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = b"\0" * 4
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"a\.flac: does not say how long it is"):
        loads(path)


def test_the_greatest_length_can_be_set(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 16000, seconds=2), 16000)
    assert loads(tmp_path / "a.wav", max_seconds=2).shape == (8000,)
    with pytest.raises(BadFile, match=r"a\.wav: is 2 s long by its header, more than modality\.data\.max_seconds=1\.9"):
        loads(tmp_path / "a.wav", max_seconds=1.9)


def test_only_the_clip_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = counted(tmp_path / "a.wav", 200_000, 32000)
    taken, read = [], soundfile.SoundFile.buffer_read_into

    def watch(self: soundfile.SoundFile, buffer: np.ndarray, dtype: str) -> int:
        taken.append((self.tell(), len(buffer)))
        return read(self, buffer, dtype)

    monkeypatch.setattr(soundfile.SoundFile, "buffer_read_into", watch)
    loads(path)
    assert taken == [(92_000, 16_000)]


# formats


@pytest.mark.parametrize("ending", ENDINGS)
def test_formats(tmp_path: Path, ending: str) -> None:
    x = tone(440, 16000)
    soundfile.write(tmp_path / f"a.{ending}", x, 16000)
    found = loads(tmp_path / f"a.{ending}", seconds=1.0)
    assert peak(found, 16000) == 440
    lossy = ending in ("ogg", "mp3")
    assert (found - torch.from_numpy(x))[1000:-1000].abs().max() < (0.05 if lossy else 1e-4)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_kinds_of_wav(tmp_path: Path, subtype: str) -> None:
    x = tone(440, 16000)
    soundfile.write(tmp_path / "a.wav", x, 16000, subtype=subtype)
    error = {"PCM_U8": 0.01, "ULAW": 0.03}.get(subtype, 1e-4)
    assert (loads(tmp_path / "a.wav", seconds=1.0) - torch.from_numpy(x)).abs().max() < error


def test_a_wav_that_was_streamed_is_read(tmp_path: Path) -> None:
    """A writer that could not go back to its header leaves all bits set in the lengths."""
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, 16000), 16000)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert peak(loads(path), 16000) == 440
