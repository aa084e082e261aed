"""modalities.audio.reading: spoilt files are refused by name, and the others go on."""

import builtins
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from modalities.audio import reading
from modalities.audio.data import AudioData
from tests.modalities.audio.sounds import ENDINGS, loads, options, peak, tone
from vggx.data.listing import BadFile


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


def test_a_byte_that_only_fills_up_may_be_missing(tmp_path: Path) -> None:
    """A RIFF chunk of odd length is followed by a byte that its size counts, which some writers leave out."""
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, 16000)[:7001], 16000, subtype="PCM_U8")
    whole, x = path.read_bytes(), loads(path)
    assert len(whole) % 2 == 0
    path.write_bytes(whole[:-1])
    assert torch.equal(loads(path), x)
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
    assert sum(len(batch.input) for batch in batches) == 22
    assert {Path(path).name for batch in batches for path in batch.bad} == {"cut.wav", "silence.wav"}
    evaluated = list(data.loader(data.dataset("train")))
    assert sum(len(batch.input) for batch in evaluated) == 20
    for batch in evaluated:
        for x, label in zip(batch.input, batch.target, strict=True):
            assert peak(x, 16000) == (600, 300)[label]  # high, low
