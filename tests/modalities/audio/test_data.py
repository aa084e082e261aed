"""modalities.audio.data: sounds written here and read back at one rate, and spoilt files refused."""

import builtins
import os
import random
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from modalities.audio import reading, tones
from modalities.audio.data import AudioData, LoadClip
from modalities.audio.options import Data
from vggx.data.listing import BadFile, Sample
from vggx.data.seeds import seeded

MEDIA = Path(__file__).parents[3] / "../shared/data/media"
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="needs the real files in ../shared/data, which are not here"))
FILES = sorted(path for path in MEDIA.glob("*/*") if path.is_file()) or [ABSENT]
ENDINGS = ("wav", "flac", "ogg", "mp3", "aiff", "w64", "au")


def options(**given: Any) -> Data:
    return Data(**{"sample_rate": 16000, "seconds": 0.5, "batch_size": 4, "num_workers": 0, **given})


def loads(path: Path, train: bool = False, view: int = 0, views: int = 1, **given: Any) -> Tensor:
    return AudioData(options(**given)).load(train)(Sample(str(path)), view, views)


def tone(frequency: float, rate: int, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def peak(x: Tensor, rate: int) -> float:
    """Hz of the strongest frequency, by the Fourier transform of all of x."""
    spectrum = np.abs(np.fft.rfft(x.numpy() * np.hanning(len(x))))
    return float(spectrum.argmax() * rate / len(x))


def counted(path: Path, samples: int, rate: int = 16000) -> Path:
    """A 32-bit float WAV in which sample n is (n + 1) / 65536, which tells its number."""
    soundfile.write(path, np.arange(1, samples + 1, dtype=np.float32) / 65536, rate, subtype="FLOAT")
    return path


def numbers_of(x: Tensor) -> list[int]:
    return (x * 65536).int().tolist()


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
    assert batch["lengths"].tolist() == [20, 5, 8000]  # in order of name
    assert numbers_of(batch["input"][1]) == [1, 2, 3, 4, 5] + [0] * 7995
    assert numbers_of(batch["input"][2]) == list(range(1, 8001))


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


# bad files


def missing(path: Path) -> None:
    pass


def zero_bytes(path: Path) -> None:
    path.touch()


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)  # whoever opens it waits for ever


def text(path: Path) -> None:
    path.write_text("This is no sound.\n" * 50)


def no_samples(path: Path) -> None:
    soundfile.write(path, np.zeros(0, np.float32), 16000)


def silence(path: Path) -> None:
    soundfile.write(path, np.zeros(4000, np.float32), 16000)


def long_silence(path: Path) -> None:
    soundfile.write(path, np.zeros(50_000, np.float32), 16000)


def not_a_number(path: Path) -> None:
    x = tone(440, 16000)
    x[8000] = np.nan
    soundfile.write(path, x, 16000, subtype="FLOAT")


def infinite(path: Path) -> None:
    x = tone(440, 16000)
    x[8000] = -np.inf
    soundfile.write(path, x, 16000, subtype="FLOAT")


def truncated(path: Path) -> None:
    soundfile.write(path, tone(440, 16000), 16000)
    path.write_bytes(path.read_bytes()[:20_000])


def half_a_header(path: Path) -> None:
    soundfile.write(path, tone(440, 16000), 16000)
    path.write_bytes(path.read_bytes()[:30])


BAD = {
    missing: "does not exist",
    zero_bytes: r"is empty \(0 bytes\)",
    a_folder: "is not a file",
    a_pipe: "is not a file",
    text: "is not a readable sound file",
    no_samples: "holds no samples",
    silence: "is silence, every sample is 0",
    long_silence: "is silence, every sample is 0",
    not_a_number: r"holds samples that are not numbers \(NaN or infinite\)",
    infinite: r"holds samples that are not numbers \(NaN or infinite\)",
    truncated: "is truncated: 20000 bytes where its header says 32044",
    half_a_header: "is truncated: 30 bytes where its header says 32044",
}


@pytest.mark.parametrize("spoil", BAD)
@pytest.mark.parametrize("train", [True, False])
def test_a_bad_file_is_named_and_why(tmp_path: Path, spoil: Callable[[Path], None], train: bool) -> None:
    spoil(tmp_path / "x.wav")
    for rate in (16000, 8000):
        with pytest.raises(BadFile, match=rf"x\.wav: {BAD[spoil]}"):
            loads(tmp_path / "x.wav", train, seconds=1.0, sample_rate=rate)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_of_every_format_are_refused(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"a.{ending}"
    noise = 0.1 * np.random.default_rng(0).normal(size=16000)
    soundfile.write(path, noise, 16000)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BadFile, match=rf"a\.{ending}"):
        loads(path, seconds=1.0)


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "AIFF", "AU", "W64"])
def test_both_lengths_of_a_truncated_file_are_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, 16000), 16000, format=kind)
    assert loads(path).shape == (8000,)
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])
    with pytest.raises(BadFile, match=rf"is truncated: {len(whole) - 2} bytes where its header says {len(whole)}"):
        loads(path)


def test_a_stretch_of_silence_in_a_sound_is_none_of_a_bad_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.concatenate([np.zeros(16000), tone(440, 16000)]), 16000)
    assert not loads(tmp_path / "a.wav", view=0, views=2).any()
    assert loads(tmp_path / "a.wav", view=1, views=2).any()


def test_a_file_that_may_not_be_read_is_bad_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, 16000), 16000)

    def refuse(name: Any, *more: Any, **options: Any) -> Any:
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied", str(name))
        return builtins.open(name, *more, **options)

    monkeypatch.setattr(reading, "open", refuse, raising=False)
    with pytest.raises(BadFile, match=r"a\.wav"):
        loads(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_spoilt_file_gives_another_error(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, 0.1 * np.random.default_rng(0).normal(size=4000), 16000)
    whole, draw, lengths = path.read_bytes(), random.Random(0), []
    for number in range(40):
        spoilt = bytearray(whole)
        for _ in range(3):
            spoilt[draw.randrange(80 if number % 2 else len(spoilt))] = draw.randrange(256)
        path.write_bytes(spoilt)
        try:
            lengths.append(len(loads(path)))
        except BadFile as error:
            lengths.append(0 if str(path) in str(error) else -1)
    assert 0 <= min(lengths) <= max(lengths) <= 8000


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_files_of_a_folder(tmp_path: Path, workers: int) -> None:
    for label, name in enumerate(("low", "high")):
        (tmp_path / name).mkdir()
        for number in range(10):
            soundfile.write(tmp_path / name / f"{number}.wav", tone(300 * (label + 1), 8000), 8000)
    truncated(tmp_path / "low" / "cut.wav")
    silence(tmp_path / "high" / "silence.wav")
    data = AudioData(options(root=str(tmp_path), val_share=0, test_share=0, num_workers=workers))
    assert data.describe().endswith("(source folder, guessed): 2 classes, 22 train, 0 val, 0 test")
    batches = list(data.train_dataloader())
    assert sum(len(batch["input"]) for batch in batches) == 22
    assert {Path(path).name for batch in batches for path in batch["bad"]} == {"cut.wav", "silence.wav"}
    evaluated = list(data.loader(data.dataset("train")))
    assert sum(len(batch["input"]) for batch in evaluated) == 20
    for batch in evaluated:
        for x, label in zip(batch["input"], batch["label"], strict=True):
            assert peak(x, 16000) == (600, 300)[label]  # high, low


# options


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-6])
def test_a_clip_has_a_length(seconds: float) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.seconds={seconds} is no length of a clip"):
        AudioData(options(seconds=seconds))


@pytest.mark.parametrize("clips", [0, -1])
def test_an_impossible_number_of_clips_is_refused(clips: int) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.clips must be 1 or more, not {clips}"):
        AudioData(options(clips=clips))


def test_other_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.channels must be mix or mono, not 'left'"):
        AudioData(options(channels="left"))
    with pytest.raises(ValueError, match=r"modality\.data\.max_seconds=0 allows no file"):
        AudioData(options(max_seconds=0))


def test_several_clips_of_a_file(tmp_path: Path) -> None:
    dataset = AudioData(options(clips=3)).new_dataset([Sample(str(counted(tmp_path / "a.wav", 20_000)))])
    assert [numbers_of(dataset[index]["input"])[0] for index in range(len(dataset))] == [1, 6001, 12001]


def test_a_source_without_its_root() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.source=folder needs modality\.data\.root=FOLDER"):
        AudioData(options(source="folder")).find()


def test_a_misspelt_source(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must be one of folder, manifest, .*, tones, not 'tone'"):
        AudioData(options(root=str(tmp_path), source="tone")).find()


def test_the_embedded_tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path))
    monkeypatch.setattr(tones, "FILES", {"train": 2, "val": 1, "test": 1})
    data = AudioData(options(source="tones", sample_rate=8000, seconds=1.0))
    assert data.describe() == "embedded (source tones): 10 classes, 20 train, 10 val, 10 test"
    assert data.find().classes == sorted(tones.GESTURES)
    assert next(iter(data.train_dataloader()))["input"].shape == (4, 8000)


# real files


def test_the_spoken_digits_by_their_manifest(shared_data: Path) -> None:
    data = AudioData(options(root=str(shared_data / "fsdd"), sample_rate=8000, seconds=1.0))
    assert data.describe().endswith("(source manifest, guessed): 10 classes, 2300 train, 400 val, 300 test")
    batch = next(iter(data.test_dataloader()))
    assert batch["label"].tolist() == [0, 0, 0, 0]
    for x, length, sample in zip(batch["input"], batch["lengths"], data.find().splits["test"], strict=False):
        whole, _ = soundfile.read(sample.path, dtype="float32")
        assert length == len(whole) < 8000
        assert x[:length].numpy().tolist() == whole.tolist()
        assert not x[length:].any()


def test_a_speaker_of_the_spoken_digits_is_held_out(shared_data: Path) -> None:
    root = str(shared_data / "fsdd")
    splits = AudioData(options(root=root, fold="george", fold_column="speaker")).find().splits
    speakers = {split: {Path(sample.path).stem.split("_")[1] for sample in splits[split]} for split in splits}
    assert speakers["test"] == {"george"}
    assert len(splits["test"]) == 500
    assert "george" not in speakers["train"] | speakers["val"]
    assert len(splits["train"]) + len(splits["val"]) == 2500


@pytest.mark.parametrize(
    "name",
    [
        "speechbrain__example2.flac",
        "torch-audiomentations__perfect-alley1.ogg",
        "audiocraft__sirens_and_a_humming_engine_approach_and_pass.mp3",
        "torchcodec__sine_mono_s32_8000.wav",
    ],
)
@pytest.mark.parametrize("rate", [8000, 22050])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
def test_real_files_against_librosas_reading(shared_data: Path, name: str, rate: int) -> None:
    import librosa

    path = shared_data / "media" / "audio" / name
    found = loads(path, sample_rate=rate, seconds=1.0)
    whole, _ = librosa.load(path, sr=None)
    own = soundfile.info(path).samplerate
    start = (len(whole) - own) // 2
    expected = librosa.resample(whole[start : start + own], orig_sr=own, target_sr=rate, res_type="soxr_hq")
    assert found.shape == (rate,)
    # an MP3 that is entered in the middle lacks a little of what came before
    assert np.abs(found.numpy() - expected[:rate]).max() < (1e-3 if path.suffix == ".mp3" else 1e-4)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name if path else "none")
def test_every_real_file_gives_a_clip_or_is_refused_by_name(path: Path) -> None:
    load = AudioData(options()).load(False)
    assert isinstance(load, LoadClip)
    if path.parent.name == "audio":
        x = load(Sample(str(path)), 0, 1)
        assert x.shape == (8000,)
        assert x.abs().max() > 0
    else:
        with pytest.raises(BadFile, match=path.name):
            load(Sample(str(path)), 0, 1)
